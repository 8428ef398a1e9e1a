#!/usr/bin/env python3
"""The daemon on real trees: from the end of a save to the answer that shows it, over its socket, and what questions cost.

  run.py [--trees tokio,compiler] [--saves N] [--questions N] [--out FILE]

Trees are those of bench/run.py (copied there on its first run), copied once more, for they are edited. Saves are of several
kinds, each N times; the clock runs from the end of the last close() to the answer with `complete` true, durable commit
included. Questions are asked one after the other over one connection, with the answers the daemon keeps and without them.
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
TREES = {"tokio": "tokio-1.54.1", "compiler": "rust-src/compiler", "library": "rust-src/library", "library+compiler": "rust-src"}
QUESTIONS = {"tokio": [("who-implements", {"target": "tokio::io::async_read::AsyncRead"}), ("callers", {"target": "Mutex::lock", "all": True}),
                       ("blast-radius", {"target": "tokio::sync::batch_semaphore::Semaphore::release"}), ("search", {"target": "lock"}), ("find-cycles", {})],
             None: [("who-implements", {"target": "core::clone::Clone"}), ("search", {"target": "span"}), ("find-cycles", {"level": "type"})]}


def stop(text):
    sys.exit(f"bench: {text}")


class Connection:
    """To a daemon's socket: one line out, one line back."""

    def __init__(self, path):
        self.socket, self.number = socket.socket(socket.AF_UNIX), 0
        self.socket.connect(path)
        self.file = self.socket.makefile("rwb")

    def ask(self, method, params=None):
        """The reply as it came."""
        self.number += 1
        self.file.write(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params or {}}).encode() + b"\n")
        self.file.flush()
        return self.file.readline()

    def call(self, method, params=None):
        reply = json.loads(self.ask(method, params) or stop(f"{method}: the daemon hung up"))
        if "error" in reply:
            stop(f"{method}: {reply['error']['message']}")
        return reply["result"]

    def next(self):
        """The next notification of a connection that subscribed."""
        return json.loads(self.file.readline() or stop("the daemon hung up"))["params"]

    def close(self):
        self.file.close()
        self.socket.close()


class Daemon:
    def __init__(self, tree, runtime, *options):
        self.tree, self.environment = tree, dict(os.environ, XDG_RUNTIME_DIR=runtime, XDG_STATE_HOME=runtime + "/state")
        self.options = options

    def command(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments, "--workspace", self.tree], env=self.environment, capture_output=True, text=True)
        if done.returncode:
            stop(f"{' '.join(arguments)}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def connect(self):
        folder = self.environment["XDG_RUNTIME_DIR"] + "/parseltongue"
        return Connection([os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".sock")][0])

    def __enter__(self):
        self.command("daemon", "start", *self.options)
        self.connection = self.connect()
        self.call("index")
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.command("daemon", "stop")

    def call(self, method, params=None):
        return self.connection.call(method, params)


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
        times, small, whole = [], [], 0
        for _ in range(count):
            before = daemon.call("status")
            if not EDITS[kind](rng, tree):
                continue
            start = time.perf_counter()
            seen = daemon.call("where-defined", {"target": "Builder", "all": True, "limit": 1, "wait": 60000})
            small.append((time.perf_counter() - start) * 1e3)
            answer = daemon.call("stats", {"wait": 60000})
            times.append((time.perf_counter() - start) * 1e3)
            if not answer["complete"] or not seen["complete"]:
                stop(f"a save was not seen: {answer['stale']}")
            after = daemon.call("status")
            whole += after["batches"] - before["batches"] != after["batches_incremental"] - before["batches_incremental"]
        found[name] = {"count": len(times), "first_p50_ms": of(small, 50), "first_p99_ms": of(small, 99), "p50_ms": of(times, 50), "p99_ms": of(times, 99), "p999_ms": of(times, 99.9), "whole": whole}
    return found


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", default="tokio,compiler")
    parser.add_argument("--saves", type=int, default=100, help="of each kind")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="native", choices=["native", "sqlite"])
    parser.add_argument("--out")
    options = parser.parse_args()
    results = []
    for name in options.trees.split(","):
        work, rng = tempfile.mkdtemp(prefix="live-"), random.Random(options.seed)
        try:
            tree = edited(name, work)
            kept_in = ("--store", f"{options.engine}:{work}/store")
            with Daemon(tree.folder, work + "/run", *kept_in) as daemon:
                ready(daemon, tree, rng)
                saves = saves_of(daemon, tree, rng, options.saves)
                status = daemon.call("status")
                resident = resident_mb(status["pid"])
            row = {"tree": name, "engine": options.engine, "files": status["files"], "edges": status["edges"], "saves": saves, "stages": status["stages"], "resident_mb": resident,
                   "questions": {}}
            for kept in ("256", "0"):
                with Daemon(tree.folder, work + "/run", "--cache", kept, *kept_in) as daemon:
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
        print(f"{name}, {options.engine}: {row['files']:,} files, {row['edges']:,} edges, {row['resident_mb']:.0f} MB resident after all saves")
        print("  save to the first answer over the socket (where-defined); to `stats` after it             goal p50 1 ms, p99 5 ms")
        for kind, t in row["saves"].items():
            print(f"    {kind:31} p50 {t['first_p50_ms']:7.2f} ms   p99 {t['first_p99_ms']:7.2f} ms;   p50 {t['p50_ms']:7.2f} ms   p99 {t['p99_ms']:9.2f} ms   p999 {t['p999_ms']:9.2f} ms   {t['whole']} of {t['count']} made everything anew")
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
