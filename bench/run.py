#!/usr/bin/env python3
"""Speed and memory beside the peers and the goals of docs, in one run: a table, and JSON with --out FILE.

  run.py [--quick] [--only PART...] [--out FILE] [--release DIR]

Parts: frontend, index, oneshot, process. What each row is: bench/README.md. Every timed row is the median of 5 runs (1 with
--quick), peers and ours taking turns; memory is measured in a run of its own, because watching it costs time.
"""
import argparse
import glob
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
WORK = os.path.join(BUILD, "bench")
TOKIO = "1.5"  # the newest of these in the pinned corpus
PARTS = ("frontend", "index", "oneshot", "process")
# A tree below 300,000 lines is granted what a process start and mapping std's interface cost.
SMALL_LINES, SMALL_GRACE_MS = 300_000, 15.0


def stop(text):
    sys.exit(f"bench: {text}")


def checked(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode:
        stop(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr.strip()}")
    return done.stdout


class Table:
    """Rows of (what, measured, goal, ok or miss); what has no goal is told and not judged."""

    def __init__(self):
        self.rows, self.data = [], []

    def add(self, part, what, value, unit, goal=None, at_least=False, note=""):
        held = None if goal is None else (value >= goal if at_least else value <= goal)
        self.data.append({"part": part, "what": what, "value": value, "unit": unit, "goal": goal,
                          "at_least": at_least, "ok": held, "note": note})
        sign = ">=" if at_least else "<="
        self.rows.append((what, f"{number(value)} {unit}".strip(), "" if goal is None else f"{sign} {number(goal)}",
                          "" if held is None else "ok" if held else "miss", note))
        print(f"  {what}: {number(value)} {unit}" + ("" if held is None else " ok" if held else " MISS"), flush=True)

    def show(self):
        rows = [("what", "measured", "goal", "", "note")] + self.rows
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        print()
        for row in rows:
            print("  ".join(cell.rjust(w) if i in (1, 2) else cell.ljust(w)
                            for i, (cell, w) in enumerate(zip(row, widths))).rstrip())


def number(value):
    if value != 0 and abs(value) < 10:
        return f"{value:.3g}"
    return f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"


# --- trees ------------------------------------------------------------------------------------------------------------

def trees():
    """Name and folder of each tree; Debian's rust-src and a pinned tokio, as bench/corpora brings them."""
    checked([sys.executable, os.path.join(HERE, "corpora", "fetch.py")])
    with open(os.path.join(BUILD, "corpora", "lists", "corpora.json"), encoding="utf-8") as f:
        rust_src = json.load(f)["rust_src"]
    places = sorted(glob.glob(os.path.join(BUILD, "corpora", "crates", f"tokio-{TOKIO}*")))
    found = {}
    if rust_src:
        for part in ("library", "compiler"):
            copied(os.path.join(rust_src, part), os.path.join("rust-src", part))
        found["compiler"] = os.path.join(WORK, "trees", "rust-src", "compiler")
        found["library+compiler"] = os.path.join(WORK, "trees", "rust-src")
    else:
        print("bench: rust-src is not installed: its trees are left out", file=sys.stderr)
    if places:
        found["tokio"] = copied(places[-1], os.path.basename(places[-1]))
    return found


def copied(source, name):
    """A copy under build/bench/trees, which is a git work tree of its own: build/ is ignored by the one around it."""
    place = os.path.join(WORK, "trees", name)
    if not os.path.isdir(place):
        shutil.rmtree(place + ".new", ignore_errors=True)
        shutil.copytree(source, place + ".new", symlinks=True)
        os.rename(place + ".new", place)
    if not os.path.isdir(os.path.join(WORK, "trees", ".git")):
        checked(["git", "init", "--quiet", os.path.join(WORK, "trees")])
    return place


def store_of(name):
    folder = os.path.join(WORK, "stores")
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, name.replace("+", "-"))


def drop_store(name):
    shutil.rmtree(store_of(name), ignore_errors=True)


def drop_database(name):
    for path in glob.glob(store_of(name) + ".db*"):
        os.remove(path)


# --- running and watching ---------------------------------------------------------------------------------------------

def timed(command):
    """Wall seconds and standard output of one run."""
    with tempfile.TemporaryFile("w+") as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        process.wait()
        wall = time.perf_counter() - start
        if process.returncode:
            stop(f"{' '.join(command)}: exit {process.returncode}")
        out.seek(0)
        return wall, out.read()


def private_bytes(pid):
    total = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as f:
            for line in f:
                if line.startswith(b"Private_"):
                    total += int(line.split()[1]) * 1024
    except OSError:
        return 0
    return total


def watched(command):
    """Peak of private memory (sampled every 2 ms), and of resident memory as the kernel counted it, in bytes."""
    with open(os.devnull, "w") as null:
        process = subprocess.Popen(command, stdout=null, stderr=null)
        peak, samples = 0, 0
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak = max(peak, private_bytes(process.pid))
            samples += 1
            time.sleep(0.002)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            stop(f"{' '.join(command)}: exit {process.returncode}")
        return peak, usage.ru_maxrss * 1024, samples


def spawned(command, runs):
    """Median wall milliseconds of a process, start and end included; exit codes other than 0 stop the bench."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    walls = []
    for _ in range(runs):
        start = time.perf_counter()
        pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        walls.append(time.perf_counter() - start)
        if status:
            stop(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}")
    os.close(null)
    return statistics.median(walls) * 1e3


# --- parts --------------------------------------------------------------------------------------------------------------

def frontend(table, options):
    with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
        environment = dict(os.environ, OUT=out.name, BUILD_DIR=BUILD)
        checked([sys.executable, os.path.join(HERE, "frontend", "bench.py"), "--runs", str(options.runs), "--tool",
                 os.path.join(options.release, "pt-frontend")], env=environment)
        corpora = json.load(open(out.name, encoding="utf-8"))["corpora"]
    for name, row in corpora.items():
        ours = row["ours"]
        table.add("frontend", f"front end, {name}", ours["bytes"] / 1e3 / ours["total_ms"], "MB/s",
                  note=f"tree-sitter {row['tree_sitter']['mb_per_s']:.1f} MB/s: {row['ratio']:.1f} x")


def index(table, options, found):
    ctags = shutil.which("ctags") or stop("no universal-ctags")
    for name, tree in found.items():
        uri, tags = "native:" + store_of(name), os.path.join(WORK, "tags")
        ours = [options.program, "index", tree, "--store", uri, "--rebuild", "--threads", "2", "--json"]
        again = [options.program, "index", tree, "--store", uri, "--threads", "2", "--json"]
        peer = [ctags, "-R", "--languages=Rust", "-f", tags, tree]
        timed(peer)  # warms the page cache for both
        other = [options.program, "index", tree, "--store", f"sqlite:{store_of(name)}.db", "--rebuild", "--threads", "2", "--json"]
        walls, commits, reports, peers, others = [], [], [], [], []
        for _ in range(options.runs):
            drop_database(name)
            others.append(json.loads(timed(other)[1])["ms"]["commit"])
            peers.append(timed(peer)[0] * 1e3)
            drop_store(name)
            wall, text = timed(ours)
            reports.append(json.loads(text))
            walls.append(wall * 1e3)
            commits.append(reports[-1]["ms"]["commit"])
        report, their = reports[-1], statistics.median(peers)
        if not report["edges"] or any(r["edges"] != report["edges"] for r in reports):
            stop(f"{tree}: triplets by run: {[r['edges'] for r in reports]}")
        building = statistics.median(w - c for w, c in zip(walls, commits))
        commit, lines = statistics.median(commits), report["lines"]
        grace = SMALL_GRACE_MS if lines < SMALL_LINES else 0.0
        table.add("index", f"cold index of {name}", statistics.median(walls), "ms",
                  note=f"{report['files']:,} files, {lines:,} lines, {report['edges']:,} triplets; ctags {their:.0f} ms")
        table.add("index", "  without its commit / ctags (goal)", (building - grace) / their, "x", 1.0,
                  note=f"{building:.0f} ms" + (f", {grace:.0f} ms granted" if grace else ""))
        table.add("index", "  without its commit / ctags (bar)", (building - grace) / their, "x", 2.0)
        stages = {k: statistics.median(r["ms"][k] for r in reports) for k in ("discover", "read", "resolve", "graph")}
        table.add("index", "  lines a second, without its commit", lines / building * 1e3, "lines/s",
                  note=", ".join(f"{k} {v:.0f} ms" for k, v in stages.items()))
        table.add("index", "  commit / ctags", commit / their, "x", 0.25, note=f"{commit:.1f} ms")
        table.add("index", "  commit to SQLite, a triplet", statistics.median(others) * 1e3 / report["edges"], "us", 1.5,
                  note=f"{os.path.getsize(store_of(name) + '.db') / report['edges']:.0f} bytes a triplet")
        size = sum(os.path.getsize(path) for path in glob.glob(store_of(name) + "/*"))
        table.add("index", "  on disk", size / 1e6, "MB", note=f"{size / report['edges']:.0f} bytes a triplet")
        second = statistics.median(timed(again)[0] * 1e3 for _ in range(options.runs))
        table.add("index", "  second index, nothing changed", second, "ms")
        drop_database(name)
        drop_store(name)
        peak, resident, samples = watched(ours)
        floor = 25.0
        table.add("index", "  private peak", peak / 1e6, "MB", max(floor, 25.0 * lines / 1e5),
                  note=f"{peak / 1e6 / (lines / 1e5):.1f} MB for 100,000 lines; {samples} samples; "
                       f"resident peak {resident / 1e6:.0f} MB")


def oneshot(table, options, found):
    table.add("oneshot", "an empty process (true)", spawned(["true"], options.spawns), "ms")
    asked = {"library+compiler": ["core::clone::Clone", "core::iter::traits::iterator::Iterator"],
             "tokio": ["core::clone::Clone", "tokio::io::async_read::AsyncRead"]}
    for name, tree in found.items():
        uri = "native:" + store_of(name)
        if name not in asked:
            continue
        if not os.path.exists(store_of(name)):
            timed([options.program, "index", tree, "--store", uri, "--rebuild", "--threads", "2"])
        files = json.loads(checked([options.program, "index", tree, "--store", uri, "--json"]))["files"]
        common = ["--workspace", tree, "--store", uri, "--json"]
        for trait in asked[name]:
            wall = spawned([options.program, "who-implements", trait, *common], options.spawns)
            table.add("oneshot", f"who-implements {trait.split('::')[-1]}, {name}", wall, "ms", 5 + 0.002 * files,
                      note=f"5 ms and 2 us for each of {files:,} files")
        wall = spawned([options.program, "who-implements", asked[name][0], *common, "--stale-ok"], options.spawns)
        table.add("oneshot", "  with --stale-ok (no freshness check)", wall, "ms", 5.0)


def in_process(table, options, found):
    program = os.path.join(options.release, "bench-graph")
    checked(["cmake", "--build", options.release, "--target", "bench-graph"])
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1, 1 << 31)
    for name, tree in found.items():
        uri = "native:" + store_of(name)
        if not os.path.exists(store_of(name)):
            timed([options.program, "index", tree, "--store", uri, "--rebuild", "--threads", "2"])
        runs = [json.loads(checked([program, uri, "--seed", str(seed + i)])) for i in range(options.runs)]

        def middle(*keys):
            values = []
            for run in runs:
                for key in keys:
                    run = run[key]
                values.append(run)
            return statistics.median(values)

        first = runs[0]
        table.add("process", f"in process, {name}: the clock itself", middle("clock_ns"), "ns",
                  note=f"seeds {seed} to {seed + options.runs - 1}; {first['nodes']:,} nodes, "
                       f"{first['triplets']:,} triplets")
        goal = max(1.0, 1.0 + max(0.0, first["triplets"] / 1e6 - 1) / 999)  # 1 us at 1M, 2 us at 1B
        table.add("process", "  opening the store, graph read and checked", middle("open_us") / 1e3, "ms",
                  note=f"image {first['image_bytes'] / 1e6:.1f} MB, "
                       f"{first['image_bytes'] / first['triplets']:.0f} bytes a triplet")
        table.add("process", "  who-implements p50", middle("who_implements", "p50_us"), "us",
                  note=f"{first['traits']:,} traits, {first['implementors']:,} implementors, clock included")
        table.add("process", "  who-implements p99", middle("who_implements", "p99_us"), "us", goal)
        table.add("process", "  who-implements p99, first touch", middle("who_implements_first", "p99_us"), "us", goal)
        table.add("process", "  the same with records read, p99", middle("who_implements_records", "p99_us"), "us")
        table.add("process", "  blast radius, depth 3, a node", middle("blast_ns_a_node"), "ns", 25.0,
                  note=f"{first['blast']['count']:,} random nodes, {middle('blast_nodes'):.0f} reached on average, "
                       f"{middle('blast_most_nodes'):,.0f} at most")
        table.add("process", "  blast radius p50", middle("blast", "p50_us"), "us")
        table.add("process", "  blast radius p99", middle("blast", "p99_us"), "us")
        for key, what in (("search_name", "search, a whole name"), ("search_prefix", "search, three letters"),
                          ("search_typo", "search, a letter missing"), ("find_item", "an item by its path")):
            table.add("process", f"  {what}, p50", middle(key, "p50_us"), "us",
                      note=f"p99 {number(middle(key, 'p99_us'))} us")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run of each instead of five")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--out", default=os.environ.get("OUT") or None, help="numbers as JSON")
    parser.add_argument("--release", default=os.path.join(BUILD, "release"), help="folder of the programs")
    parser.add_argument("--trees", nargs="+", help="only these: compiler, library+compiler, tokio")
    parser.add_argument("--seed", type=int, help="of the random nodes (default: any; it is printed)")
    options = parser.parse_args()
    options.runs, options.spawns = (1, 10) if options.quick else (5, 50)
    options.program = os.path.join(options.release, "parseltongue")
    if not os.path.exists(options.program):
        stop(f"{options.program} is missing: make build")
    os.makedirs(WORK, exist_ok=True)
    table, load = Table(), os.getloadavg()
    found = trees() if set(options.only) - {"frontend"} else {}
    if options.trees:
        found = {name: tree for name, tree in found.items() if name in options.trees}
    if "frontend" in options.only:
        frontend(table, options)
    if "index" in options.only:
        index(table, options, found)
    if "oneshot" in options.only:
        oneshot(table, options, found)
    if "process" in options.only:
        in_process(table, options, found)
    table.show()
    judged = [row["ok"] for row in table.data if row["ok"] is not None]
    print(f"\n{sum(judged)} of {len(judged)} goals met; medians of {options.runs}; {os.cpu_count()} processors, "
          f"load {load[0]:.1f} before and {os.getloadavg()[0]:.1f} after")
    if options.out:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump({"runs": options.runs, "load_before": load[0], "load_after": os.getloadavg()[0],
                       "cpu_seconds": used.ru_utime + used.ru_stime, "rows": table.data}, f, indent=1)


if __name__ == "__main__":
    main()
