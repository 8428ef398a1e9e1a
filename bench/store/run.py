#!/usr/bin/env python3
"""Our native store and other graph stores on synthetic interface graphs, in one run: tables, and JSON with --out FILE.

  run.py [--sizes 1M,10M,100M,1B] [--quick] [--only PEER...] [--out FILE] [--stats] [--crashes N]

Peers: sqlite and lmdb to 100M; igraph and graphblas, in memory, to 10M. All get the same graph (generate.h), the same
questions and the same saves; that they found the same is checked. A billion triplets (20 GB on disk for a while, some
eight minutes) only when asked for. --quick is 1M with fewer questions; --stats also measures what the graphs are like;
--crashes runs the long form of the crash tests. Stores are made below the build folder and removed.
"""
import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
WORK = os.path.join(BUILD, "bench-store")
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion"]
# Name of pkg-config or the library itself, and the most triplets.
PEERS = {"native": (None, None), "sqlite": ("sqlite3", 100_000_000), "lmdb": ("lmdb", 100_000_000),
         "igraph": ("igraph", 10_000_000), "graphblas": ("-lgraphblas", 10_000_000)}
DEPTHS = (1, 2, 3, 4)
UNITS = {"K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9}


def stop(text):
    sys.exit(f"bench: {text}")


def checked(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        stop(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr.strip()}")
    return done.stdout


def built(program, library=None):
    """The program, made when it is older than its sources."""
    if program in ("peer_native", "store_crash"):
        name = program.replace("_", "-")
        checked(["cmake", "--build", os.path.join(BUILD, "release"), "--target", name])
        return os.path.join(BUILD, "release", name)
    target, source = os.path.join(WORK, program), os.path.join(HERE, program + ".c")
    sources = [source] + [os.path.join(HERE, name) for name in ("generate.h", "peer.h")]
    if os.path.exists(target) and all(os.path.getmtime(path) < os.path.getmtime(target) for path in sources):
        return target
    flags = []
    if library and library.startswith("-l"):
        flags = [library]
    elif library:
        try:
            flags = shlex.split(checked(["pkg-config", "--cflags", "--libs", library]))
        except FileNotFoundError:
            stop("no pkg-config: scripts/setup.sh --bench")
    # A library's headers are not held to our warnings.
    flags = ["-isystem" + flag[2:] if flag.startswith("-I") else flag for flag in flags]
    os.makedirs(WORK, exist_ok=True)
    checked([os.environ.get("CC", "gcc"), "-std=c17", "-O2", "-D_GNU_SOURCE", *WARNINGS, source, "-o", target, *flags])
    return target


def size_of(text):
    unit = UNITS.get(text[-1:].upper())
    try:
        return int(text[:-1]) * unit if unit else int(text)
    except ValueError:
        stop(f"not a size: {text}")


def short(triplets):
    for unit, factor in (("B", 10**9), ("M", 10**6), ("K", 10**3)):
        if triplets % factor == 0:
            return f"{triplets // factor}{unit}"
    return str(triplets)


def time_of(ns):
    if ns is None:
        return ""
    for unit, factor in (("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9)):
        if ns < 1000 * factor or unit == "s":
            return f"{ns / factor:.3g} {unit}" if ns < 100 * factor else f"{ns / factor:.0f} {unit}"
    return ""


def both(row):
    return f"{time_of(row['p50_ns'])} / {time_of(row['p99_ns'])}" if row["count"] else ""


def megabytes(count):
    return f"{count / 1e6:,.1f} MB"


def rows_of(results):
    """Of one size: what, and a cell for each peer."""
    rows = [("load", [f"{r['load_s']:.2f} s" for r in results]),
            ("size", [f"{megabytes(r['bytes'])} {r['bytes_kind']}" for r in results]),
            ("  a triplet", [f"{r['bytes'] / r['triplets']:.1f} B" for r in results]),
            ("resident after load", [megabytes(r["rss_loaded"]) for r in results]),
            ("resident after questions", [megabytes(r["rss_asked"]) for r in results]),
            ("open", [time_of(r["open_ns"]) for r in results]),
            ("who-implements p50 / p99", [both(r["who_implements"]) for r in results]),
            ("  first touch", [both(r["who_implements_first"]) for r in results])]
    for depth in DEPTHS:
        rows.append((f"blast radius {depth} p50 / p99", [both(r[f"blast_{depth}"]) for r in results]))
        if depth == 3:
            rows.append(("  nodes, mean", [f"{r['blast_3_nodes'] / r['blast_3']['count']:.1f}" for r in results]))
            rows.append(("  a node", [f"{r['blast_3_ns_a_node']:.1f} ns" for r in results]))
    # How a save is made differs: the rows of all peers, each filled by the peers that have it.
    names = list(dict.fromkeys((s["what"], s["survives"]) for r in results for s in r["saves"]))
    for name in names:
        found = [[s for s in r["saves"] if (s["what"], s["survives"]) == name] for r in results]
        rows.append((f"save: {name[0]} (survives {name[1]})", [both(f[0]) if f else "" for f in found]))
    return rows


def show(sizes, results, names):
    table = []
    for size in sizes:
        here = [next((r for r in results if r["size"] == size and r["peer"] == name), None) for name in names]
        have = [r for r in here if r]
        table.append((f"{short(size)} triplets", list(names)))
        for what, cells in rows_of(have):
            cells = iter(cells)
            table.append((what, [next(cells) if r else "" for r in here]))
        table.append(("", [""] * len(names)))
    first = max(len(what) for what, _ in table)
    widths = [max(len(cells[i]) for _, cells in table) for i in range(len(names))]
    for what, cells in table[:-1]:
        print("  ".join([what.ljust(first)] + [cell.rjust(w) for cell, w in zip(cells, widths)]).rstrip())


# What design.md asks of the native store, by triplets.
GOALS = {"who_implements p99": {10**6: 1000, 10**9: 2000}, "blast_3 p99": {10**6: 10_000, 10**9: 150_000}}


def judged(value, goal):
    return "" if goal is None else f"{'ok' if value <= goal else 'miss'} (goal {time_of(goal)})"


def show_native(results):
    """What only ours has: its sections, a restart, the overlay, a checkpoint, and what is asked of it."""
    for r in results:
        print(f"\nnative, {short(r['size'])}: against its goals")
        rows = [("who-implements p99", time_of(r["who_implements"]["p99_ns"]),
                 judged(r["who_implements"]["p99_ns"], GOALS["who_implements p99"].get(r["size"]))),
                ("blast radius 3 p99", time_of(r["blast_3"]["p99_ns"]),
                 judged(r["blast_3"]["p99_ns"], GOALS["blast_3 p99"].get(r["size"]))),
                ("blast radius 3, a node", f"{r['blast_3_ns_a_node']:.1f} ns", judged(r["blast_3_ns_a_node"], 25)),
                ("commit of a save, synced, p50", time_of(r["saves"][1]["p50_ns"]), judged(r["saves"][1]["p50_ns"], 500_000)),
                (f"restart: open, {r['restart_batches']} batches in the log", time_of(r["restart_ns"]), judged(r["restart_ns"], 10**7)),
                ("bytes a triplet", f"{sum(r['bytes_a_triplet'].values()):.1f} B",
                 ", ".join(f"{k} {v:.1f}" for k, v in r["bytes_a_triplet"].items() if v >= 0.05))]
        if "overlay" in r:
            o, idle, load = r["overlay"], r["idle"], r["with_overlay"]
            rows += [(f"{o['nodes']:,} nodes in the overlay", megabytes(o["bytes"]), f"{r['overlay_saves']['files']:,} files saved, each {time_of(r['overlay_saves']['commit']['p50_ns'])}"),
                     ("  then a save every 2 ms, p50 / p99", both(r["with_overlay_saves"]["commit"]), ""),
                     ("  who-implements p99 meanwhile", time_of(load["p99_who_ns"]), f"before {time_of(idle['p99_who_ns'])}"),
                     ("  blast radius 3 p99 meanwhile", time_of(load["p99_blast_ns"]), f"before {time_of(idle['p99_blast_ns'])}"),
                     ("  a node meanwhile", f"{load['ns_a_node']:.1f} ns", f"before {idle['ns_a_node']:.1f} ns"),
                     ("  resident, file pages included", megabytes(r["rss_overlay"]), judged_bytes(r))]
        if "during_checkpoint" in r:
            before, during = r["before_checkpoint"], r["during_checkpoint"]
            ratio = during["p99_blast_ns"] / before["p99_blast_ns"]
            rows += [(f"checkpoint of {r['checkpoint_s']:.1f} s: blast 3 p99 meanwhile", time_of(during["p99_blast_ns"]),
                      f"{ratio:.2f} x of before: {'ok' if ratio <= 2 else 'miss'} (goal 2 x); {r['saves_during_checkpoint']:,} saves meanwhile"),
                     ("  who-implements p99 meanwhile", time_of(during["p99_who_ns"]), f"{during['p99_who_ns'] / before['p99_who_ns']:.2f} x of before")]
        width = max(len(what) for what, _, _ in rows)
        for what, value, note in rows:
            print(f"  {what.ljust(width)}  {value:>16}  {note}".rstrip())


def judged_bytes(r):
    if r["size"] != 10**9:
        return ""
    return f"{'ok' if r['rss_overlay'] <= 12e9 else 'miss'} (goal 12 GB)"


def compare(results):
    """Peers that answer differently are not compared."""
    keys = ["triplets", "who_found", "who_check"] + [f"blast_{depth}_nodes" for depth in DEPTHS]
    for key in keys:
        found = {r["peer"]: r[key] for r in results}
        if len(set(found.values())) > 1:
            stop(f"{short(results[0]['size'])}: {key} differs: {found}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1M,10M")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS), metavar="PEER")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--saves", type=int, default=200)
    parser.add_argument("--stats", action="store_true")
    parser.add_argument("--crashes", type=int, default=0)
    parser.add_argument("--out")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.queries, options.saves = "1M", 300, 50
    sizes = [size_of(text) for text in options.sizes.split(",")]
    programs = {name: built("peer_" + name, PEERS[name][0]) for name in options.only}
    common = ["--seed", str(options.seed), "--queries", str(options.queries)]
    results, graphs = [], []
    for size in sizes:
        if options.stats:
            graphs.append(json.loads(checked([built("generate_stats"), "--triplets", str(size), *common])))
            print(f"{short(size)}:")
            for key, value in graphs[-1].items():
                if isinstance(value, dict):
                    value = ", ".join(f"{k} {v:,}" for k, v in value.items())
                print(f"  {key:20} {value if isinstance(value, str) else f'{value:,}'}", flush=True)
        for name, program in programs.items():
            if PEERS[name][1] and size > PEERS[name][1]:
                continue
            print(f"  {name}, {short(size)}", file=sys.stderr, flush=True)
            folder = tempfile.mkdtemp(prefix="peer-", dir=WORK)
            try:
                own = ["--checkpoint", "1" if size < 10**9 else "0"] if name == "native" else []
                found = json.loads(checked([program, "--triplets", str(size), *common, "--saves", str(options.saves),
                                            "--folder", folder, *own]))
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            results.append({"size": size, **found})
        here = [r for r in results if r["size"] == size]
        if here:
            compare(here)
    shown = [size for size in sizes if any(r["size"] == size for r in results)]
    if shown:
        show(shown, results, [name for name in options.only if any(r["peer"] == name for r in results)])
    show_native([r for r in results if r["peer"] == "native"])
    crashes = None
    if options.crashes:
        crashes = json.loads(checked([built("store_crash"), "--crashes", str(options.crashes), "--seed", str(options.seed)]))
        print("\ncrashes: " + ", ".join(f"{k} {v}" for k, v in crashes.items()))
    if options.out:
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump({"seed": options.seed, "graphs": graphs, "peers": results, "crashes": crashes}, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
