#!/usr/bin/env python3
"""The daemon on real trees: from the end of a save to the answer that shows it, over its socket, and what questions cost.

  run.py [--trees tokio,compiler] [--saves N] [--questions N] [--out FILE]

Trees are those of bench/run.py (copied there on its first run), copied once more, for they are edited. A save changes the
body of one fn; the clock runs from close() to the answer with `complete` true. Questions are asked one after the other over
one connection, with the answers the daemon keeps and without them.
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
    return sorted(values)[(len(values) - 1) * percent // 100]


def fns_of(tree):
    """Places right behind `{` of a fn's body, in files of the tree."""
    found = []
    for folder, _, names in os.walk(os.path.join(tree)):
        for name in names:
            if not name.endswith(".rs") or "tests" in folder:
                continue
            text = open(os.path.join(folder, name), encoding="utf-8", errors="replace").read()
            at = text.find("\npub fn ")
            brace = text.find("{\n", at)
            if at >= 0 and brace >= 0 and ";" not in text[at:brace]:
                found.append((os.path.join(folder, name), brace + 2))
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", default="tokio,compiler")
    parser.add_argument("--saves", type=int, default=20)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    results = []
    for name in options.trees.split(","):
        source = os.path.join(BUILD, "bench", "trees", TREES.get(name) or stop(f"no such tree: {name}"))
        if not os.path.isdir(source):
            stop(f"{source} is not there: python3 bench/run.py --quick --only index makes it")
        work = tempfile.mkdtemp(prefix="live-")
        os.makedirs(work + "/run", mode=0o700)
        tree = work + "/tree"
        try:
            shutil.copytree(source, tree, symlinks=True, ignore=shutil.ignore_patterns(".parseltongue"))
            rng, places, saves = random.Random(options.seed), fns_of(tree), []
            with Daemon(tree, work + "/run") as daemon:
                for number in range(options.saves):
                    path, at = rng.choice(places)
                    text = open(path, encoding="utf-8", errors="replace").read()
                    with open(path, "w", encoding="utf-8") as f:
                        f.write(text[:at] + f"    let _ = {number};\n" + text[at:])
                    start = time.perf_counter()
                    answer = daemon.call("where-defined", {"target": "new", "limit": 1, "wait": 60000})
                    saves.append(time.perf_counter() - start)
                    if not answer["complete"]:
                        stop(f"a save was not seen: {answer['stale']}")
                status = daemon.call("status")
            row = {"tree": name, "files": status["files"], "edges": status["edges"], "save_p50_ms": of(saves, 50) * 1e3,
                   "save_p99_ms": of(saves, 99) * 1e3, "stages": status["stages"], "questions": {}}
            for kept in ("256", "0"):
                with Daemon(tree, work + "/run", "--cache", kept) as daemon:
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
        print(f"{name}: {row['files']:,} files, {row['edges']:,} edges")
        print(f"  save to answer                    p50 {row['save_p50_ms']:9.1f} ms   p99 {row['save_p99_ms']:9.1f} ms   goal 1 / 5 ms: miss")
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
