#!/usr/bin/env python3
"""Some nine million lines as one tree: hundreds of published crates side by side, indexed cold and kept live.

  run.py [--crates FOLDER] [--body 200] [--new-item 50] [--questions 200] [--seed N] [--out FILE]

FOLDER holds one crate a folder, as Debian's librust-*-dev packages lay them below usr/share/cargo/registry, or as
bench/corpora/fetch.py brings them (the default). Nothing is fetched here. They are copied to a folder of their own, without a
workspace around them: what is indexed is the union of all.

Cold index with two threads, taking the turn after universal-ctags (where there is one) on the same tree: wall time and stages;
the private peak is that of a second run, sampled every 20 ms from smaps_rollup. What is kept of dependencies between runs
is a cache of the bench's own, empty before the first run and there in the second. Then a daemon, no answer kept: from its start
to an answer, to the first batch that goes on from the one before; resident at rest; save to answer; questions one by one.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "live"))
from run import BUILD, EDITS, PROGRAM, Daemon, Tree, of, stop  # noqa: E402

MB = 1 << 20
INDEX_GOAL_S, RESIDENT_GOAL_MB = 20, 250
MOST = 16 << 30  # bytes of one process: beyond, it is ended before the machine is in need
REST_SECONDS = 10
READY_TRIES = 20


class Still(Tree):
    """No file comes or goes: the sources are looked for once."""

    def sources(self):
        if not hasattr(self, "kept"):
            self.kept = super().sources()
        return self.kept


def private_bytes(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as f:
            return sum(int(line.split()[1]) * 1024 for line in f if line.startswith(b"Private_"))
    except OSError:
        return 0


def timed(command, work, every=None):
    """Wall seconds, standard output and, sampled `every` so many seconds, the most private memory."""
    with open(work + "/out", "w+", encoding="utf-8") as out, open(work + "/errors", "w+", encoding="utf-8") as errors:
        start, peak = time.perf_counter(), 0
        process = subprocess.Popen(command, stdout=out, stderr=errors)
        while every and process.poll() is None:
            peak = max(peak, private_bytes(process.pid))
            if peak > MOST:
                process.kill()
                stop(f"{' '.join(command)}: more than {MOST >> 30} GB")
            time.sleep(every)
        process.wait()
        wall = time.perf_counter() - start
        for f in (out, errors):
            f.seek(0)
        if process.returncode:
            stop(f"{' '.join(command)}: exit {process.returncode}: {errors.read()[-2000:]}")
        return wall, out.read(), peak


def indexed(tree, work):
    command = [PROGRAM, "index", tree, "--no-daemon", "--rebuild", "--threads", "2", "--json"]
    ctags, row = shutil.which("ctags"), {}
    for _ in range(2 if ctags else 0):  # the first brings the files into the page cache
        row["ctags_s"] = timed([ctags, "-R", "--languages=Rust", "-f", work + "/tags", tree], work)[0]
    row["wall_s"], report, _ = timed(command, work)
    row["report"] = json.loads(report)
    shutil.rmtree(tree + "/.parseltongue")
    row["watched_s"], _, row["peak"] = timed(command, work, 0.02)
    return row


def goal(value, most):
    return f"   goal {most}   {'ok' if value <= most else 'miss'}"


def show_index(row):
    report = row["report"]
    print(f"  {report['files']:,} files, {report['lines']:,} lines, {report['bytes'] / 1e6:,.0f} MB, {report['packages']:,} packages: {report['nodes']:,} nodes, {report['edges']:,} edges")
    print(f"  cold index, 2 threads     {row['wall_s']:8.1f} s{goal(row['wall_s'], INDEX_GOAL_S)}   {report['lines'] / row['wall_s'] / 1e6:.2f} M lines/s")
    for stage, ms in report["ms"].items():
        print(f"    {stage:21} {ms / 1e3:10.1f} s")
    if "ctags_s" in row:
        print(f"  ctags on the same tree    {row['ctags_s']:8.1f} s   index / ctags {row['wall_s'] / row['ctags_s']:.2f}")
    print(f"  private peak              {row['peak'] / MB:8,.0f} MB   (in a second run, {row['watched_s']:.1f} s: dependencies were kept)", flush=True)


def session_ready(daemon, tree, rng):
    """Seconds until a save costs what it changes."""
    start = time.perf_counter()
    for _ in range(READY_TRIES):
        before = daemon.call("status")["batches_incremental"]
        EDITS["body"](rng, tree)
        daemon.call("stats", {"wait": 600000})
        if daemon.call("status")["batches_incremental"] > before:
            return time.perf_counter() - start
    stop(f"no batch goes on from the one before: {daemon.call('status')['whole']}")


def saves(daemon, tree, rng, kind, count):
    times, why = [], []
    before = daemon.call("status")
    for _ in range(count):
        if not EDITS[kind](rng, tree):
            continue
        start = time.perf_counter()
        answer = daemon.call("stats", {"wait": 600000})
        times.append((time.perf_counter() - start) * 1e3)
        if answer["pending"]:
            stop(f"a save is in no answer: {answer['stale']}")
        after = daemon.call("status")
        if after["batches"] - before["batches"] > after["batches_incremental"] - before["batches_incremental"]:
            why.append(after["whole"].split(": ")[-1])
        before = after
    return {"count": len(times), "p50_ms": of(times, 50), "p99_ms": of(times, 99), "max_ms": max(times), "whole": why}


def every_function(daemon):
    """In pages, for a client is let go that leaves too much of an answer unread."""
    names, params = [], {"kind": "fn", "limit": 20000}
    while params:
        answer = daemon.call("list", params)
        names += [row["path"] for row in answer["results"]]
        params = {**params, "cursor": answer["cursor"]} if answer["cursor"] else None
    return names


def questions(daemon, rng, count):
    """Microseconds of each; callers and blast-radius of functions at random, so many of each."""
    names = every_function(daemon)
    functions = rng.sample(names, min(count, len(names)))
    asked = {"who-implements": [{"target": "core::clone::Clone"}] * count, "callers": [{"target": name, "all": True} for name in functions],
             "blast-radius": [{"target": name, "all": True, "depth": 3} for name in functions], "find-cycles": [{}] * (count // 10 or 1)}
    found = {}
    for method, each in asked.items():
        times = []
        for params in each:
            start = time.perf_counter()
            daemon.call(method, params)
            times.append((time.perf_counter() - start) * 1e6)
        found[method] = {"count": len(times), "p50_us": of(times, 50), "p99_us": of(times, 99), "max_us": max(times)}
    return found


def live(tree, work, options, rng, row):
    start = time.perf_counter()
    with Daemon(tree.folder, work + "/run", "--cache", "0") as daemon:
        row["start_s"] = time.perf_counter() - start
        row["session_s"] = session_ready(daemon, tree, rng)
        print(f"  daemon: start and a look at all {row['start_s']:6.1f} s, then {row['session_s']:.1f} s to the first save that costs what it changes", flush=True)
        time.sleep(REST_SECONDS)
        row["rest"] = daemon.call("status")["memory"]
        resident = row["rest"]["resident"] / MB
        print(f"  resident at rest          {resident:8,.0f} MB{goal(resident, RESIDENT_GOAL_MB)}   anonymous {row['rest']['anonymous'] / MB:,.0f} MB")
        for part, size in sorted(row["rest"]["session"].items(), key=lambda pair: -pair[1]):
            print(f"    {part:21} {size / MB:10,.1f} MB")
        row["saves"] = {}
        for kind, count in (("body", options.body), ("new_item", options.new_item)):
            if count:
                row["saves"][kind] = t = saves(daemon, tree, rng, kind, count)
                print(f"  save to answer, {kind:9} p50 {t['p50_ms']:9.2f} ms   p99 {t['p99_ms']:9.2f} ms   most {t['max_ms']:9.1f} ms   {len(t['whole'])} of {t['count']} made everything anew"
                      + f" {sorted(set(t['whole'])) or ''}", flush=True)
        row["questions"] = questions(daemon, rng, options.questions)
        for method, t in row["questions"].items():
            print(f"  {method:25} p50 {t['p50_us']:9,.0f} us   p99 {t['p99_us']:9,.0f} us   most {t['max_us']:9,.0f} us   of {t['count']}", flush=True)
        time.sleep(REST_SECONDS)
        row["rest_after"] = daemon.call("status")["memory"]
        print(f"  resident at rest after it {row['rest_after']['resident'] / MB:8,.0f} MB   anonymous {row['rest_after']['anonymous'] / MB:,.0f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crates", default=os.path.join(BUILD, "corpora", "crates"))
    parser.add_argument("--body", type=int, default=200)
    parser.add_argument("--new-item", type=int, default=50)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    if not os.path.isdir(options.crates):
        stop(f"{options.crates} is not there: python3 bench/corpora/fetch.py makes it, or --crates FOLDER")
    work, result = tempfile.mkdtemp(prefix="debian-"), {}
    try:
        os.makedirs(work + "/run", mode=0o700)
        os.environ["XDG_CACHE_HOME"] = work + "/cache"
        tree = Still(work + "/tree")
        shutil.copytree(options.crates, tree.folder, symlinks=True, ignore=shutil.ignore_patterns(".parseltongue", ".git"))
        result = {"crates": len(os.listdir(tree.folder)), "index": indexed(tree.folder, work), "daemon": {}}
        print(f"{result['crates']:,} crates as one tree")
        show_index(result["index"])
        live(tree, work, options, random.Random(options.seed), result["daemon"])
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if options.out and result:
            with open(options.out, "w", encoding="utf-8") as f:
                json.dump(result, f, indent=1)
                f.write("\n")


if __name__ == "__main__":
    main()
