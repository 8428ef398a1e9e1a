#!/usr/bin/env python3
"""The daemon on real trees: from the end of a save to the answer that shows it, over its socket, and what questions cost.

  run.py [--trees tokio,compiler] [--saves N] [--questions N] [--law N] [--out FILE]

Trees are those of bench/run.py (copied there on its first run), copied once more, for they are edited. Saves are of several
kinds, each N times; the clock runs from the end of the last close() to the answer with `complete` true, durable commit
included. Questions are asked one after the other over one connection, with the answers the daemon keeps and without them.

--law N: N random edits of all kinds (tests/edits.py) instead; after each the export of the daemon's store is held against that
of a fresh index. Prints for each kind how many cost what they change and how many made everything anew, and why.
"""
import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
sys.path.insert(0, os.path.join(ROOT, "tests"))
from edits import EDITS, Tree  # noqa: E402

PROGRAM = os.path.join(BUILD, "release", "parseltongue")
TREES = {"tokio": "tokio-1.54.1", "compiler": "rust-src/compiler", "library+compiler": "rust-src"}
QUESTIONS = {"tokio": [("who-implements", {"target": "tokio::io::async_read::AsyncRead"}), ("callers", {"target": "Mutex::lock", "all": True}),
                       ("blast-radius", {"target": "tokio::sync::batch_semaphore::Semaphore::release"}), ("search", {"target": "lock"}), ("find-cycles", {})],
             None: [("who-implements", {"target": "core::clone::Clone"}), ("search", {"target": "span"}), ("find-cycles", {"level": "type"})]}


def stop(text):
    sys.exit(f"bench: {text}")


class Daemon:
    def __init__(self, tree, runtime, *options):
        self.tree, self.environment = tree, dict(os.environ, XDG_RUNTIME_DIR=runtime, XDG_STATE_HOME=runtime + "/state")
        self.options, self.number = options, 0

    def command(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments, "--workspace", self.tree], env=self.environment, capture_output=True, text=True)
        if done.returncode:
            stop(f"{' '.join(arguments)}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        self.command("daemon", "start", *self.options)
        folder = self.environment["XDG_RUNTIME_DIR"] + "/parseltongue"
        path = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".sock")][0]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rwb")
        self.call("index")
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.command("daemon", "stop")

    def call(self, method, params=None):
        self.number += 1
        self.file.write(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params or {}}).encode() + b"\n")
        self.file.flush()
        reply = json.loads(self.file.readline())
        if "error" in reply:
            stop(f"{method}: {reply['error']['message']}")
        return reply["result"]


def of(values, percent):
    return sorted(values)[int((len(values) - 1) * percent / 100)]


# what people do most, by the names of tests/edits.py
SAVES = {"body": "body", "new item": "new_item", "signature": "signature", "rename": "rename", "use": "use", "new file": "new_file"}


def edited(tree, work):
    source = os.path.join(BUILD, "bench", "trees", TREES.get(tree) or stop(f"no such tree: {tree}"))
    if not os.path.isdir(source):
        stop(f"{source} is not there: python3 bench/run.py --quick --only index makes it")
    os.makedirs(work + "/run", mode=0o700)
    shutil.copytree(source, work + "/tree", symlinks=True, ignore=shutil.ignore_patterns(".parseltongue"))
    return Tree(work + "/tree", source)


def ready(daemon, tree, rng):
    """Waits until there is something to go on from."""
    for _ in range(100):
        before = daemon.call("status")["batches_incremental"]
        EDITS["body"](rng, tree)
        daemon.call("stats", {"wait": 60000})
        if daemon.call("status")["batches_incremental"] > before:
            return
        time.sleep(0.3)
    stop(f"no batch goes on from the one before: {daemon.call('status')['whole']}")


def saves_of(daemon, tree, rng, count):
    found = {}
    for name, kind in SAVES.items():
        times, whole = [], 0
        for _ in range(count):
            before = daemon.call("status")
            if not EDITS[kind](rng, tree):
                continue
            start = time.perf_counter()
            answer = daemon.call("stats", {"wait": 60000})
            times.append((time.perf_counter() - start) * 1e3)
            if not answer["complete"]:
                stop(f"a save was not seen: {answer['stale']}")
            after = daemon.call("status")
            whole += after["batches"] - before["batches"] != after["batches_incremental"] - before["batches_incremental"]
        found[name] = {"count": len(times), "p50_ms": of(times, 50), "p99_ms": of(times, 99), "p999_ms": of(times, 99.9), "whole": whole}
    return found


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def law(name, count, seed):
    """Every edit against a fresh index."""
    work, rng, kinds = tempfile.mkdtemp(prefix="law-"), random.Random(seed), {}
    try:
        tree = edited(name, work)

        def export(store):
            return subprocess.run([PROGRAM, "export", "--candidates", "--no-daemon", "--workspace", tree.folder, *store], capture_output=True, check=True).stdout
        with Daemon(tree.folder, work + "/run") as daemon:
            ready(daemon, tree, rng)
            for number in range(count):
                kind = rng.choice(sorted(EDITS))
                before = daemon.call("status")
                if not EDITS[kind](rng, tree):
                    continue
                start = time.perf_counter()
                daemon.call("stats", {"wait": 60000})
                row = kinds.setdefault(kind, {"edits": 0, "whole": [], "ms": []})
                row["ms"].append((time.perf_counter() - start) * 1e3)
                row["edits"] += 1
                after = daemon.call("status")
                if after["batches"] - before["batches"] != after["batches_incremental"] - before["batches_incremental"]:
                    row["whole"].append(after["whole"])
                fresh = ["--store", f"native:{work}/fresh"]
                subprocess.run([PROGRAM, "index", tree.folder, "--no-daemon", "--quiet", "--rebuild", *fresh], check=True, capture_output=True)
                mine, other = export([]), export(fresh)
                if mine != other:
                    a, b = set(other.splitlines()), set(mine.splitlines())
                    stop(f"edit {number} ({kind}, seed {seed}): fresh only {sorted(a - b)[:3]}, daemon only {sorted(b - a)[:3]}")
            if subprocess.run([PROGRAM, "verify", "--no-daemon", "--workspace", tree.folder], capture_output=True).returncode:
                stop("the store is not sound")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    total, whole = sum(r["edits"] for r in kinds.values()), sum(len(r["whole"]) for r in kinds.values())
    print(f"{name}: {total} edits, each state byte for byte that of a fresh index (seed {seed}); {whole} made everything anew")
    for kind, row in sorted(kinds.items()):
        why = "; ".join(sorted({w.split(": ")[-1] for w in row["whole"] if w}))
        print(f"  {kind:12} {row['edits']:4} edits   p50 {of(row['ms'], 50):8.2f} ms   most {max(row['ms']):8.2f} ms   anew {len(row['whole']):3}   {why}")
    return {"tree": name, "seed": seed, "kinds": kinds}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", default="tokio,compiler")
    parser.add_argument("--saves", type=int, default=100, help="of each kind")
    parser.add_argument("--law", type=int, default=0, metavar="N")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    results = []
    if options.law:
        results = [law(name, options.law, options.seed) for name in options.trees.split(",")]
    for name in options.trees.split(",") if not options.law else []:
        work, rng = tempfile.mkdtemp(prefix="live-"), random.Random(options.seed)
        try:
            tree = edited(name, work)
            with Daemon(tree.folder, work + "/run") as daemon:
                ready(daemon, tree, rng)
                saves = saves_of(daemon, tree, rng, options.saves)
                status = daemon.call("status")
                resident = resident_mb(status["pid"])
            row = {"tree": name, "files": status["files"], "edges": status["edges"], "saves": saves, "stages": status["stages"], "resident_mb": resident,
                   "questions": {}}
            for kept in ("256", "0"):
                with Daemon(tree.folder, work + "/run", "--cache", kept) as daemon:
                    for method, params in [("ping", {})] + QUESTIONS.get(name, QUESTIONS[None]):
                        times = []
                        for _ in range(options.questions):
                            start = time.perf_counter()
                            daemon.call(method, params)
                            times.append(time.perf_counter() - start)
                        row["questions"].setdefault(method, {})[kept] = (of(times, 50) * 1e6, of(times, 99) * 1e6)
            results.append(row)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        print(f"{name}: {row['files']:,} files, {row['edges']:,} edges, {row['resident_mb']:.0f} MB resident after all saves")
        print("  save to answer, over the socket                                         goal p50 1 ms, p99 5 ms")
        for kind, t in row["saves"].items():
            print(f"    {kind:31} p50 {t['p50_ms']:9.2f} ms   p99 {t['p99_ms']:9.2f} ms   p999 {t['p999_ms']:9.2f} ms   {t['whole']} of {t['count']} made everything anew")
        for stage, times in row["stages"].items():
            print(f"    {stage:31} p50 {times['p50_us'] / 1e3:9.1f} ms   p99 {times['p99_us'] / 1e3:9.1f} ms")
        print(f"  {'questions over the socket':33} {'answers kept':>24}   {'made each time':>24}   goal p99 500 us")
        for method, times in row["questions"].items():
            cells = [f"p50 {times[k][0]:6.0f}  p99 {times[k][1]:6.0f} us" for k in ("256", "0")]
            print(f"    {method:31} {cells[0]:>24}   {cells[1]:>24}")
    if options.out:
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
