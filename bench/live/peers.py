#!/usr/bin/env python3
"""How long after a save a peer's answer shows it: two peers called codegraph (optave's, colbymchenry's) beside parseltongue, on tokio.

  peers.py [--saves N] [--seed S] [--out FILE]

The peers are those pinned in bench/accuracy/peers, installed by npm into BUILD_DIR/accuracy/peers. Each tool gets a copy of the tree of its
own, indexes it, and is then kept fresh the way it documents: optave's `watch` (it waits until 300 ms are quiet) and, once more, its `build`
run after the save, colbymchenry's `serve --mcp`, whose daemon watches (300 ms of quiet after one or two files; once more with the 100 ms
that are its least), parseltongue's daemon. Questions are asked over a connection that stays: their MCP servers on stdio, the daemon's socket.

Saves are the same for each: at the end of files of the tree fns are added before it is indexed, and then of those a body gets a call,
a signature another parameter, a name becomes another; a new pub fn comes, and a new file with its `mod`. The clock runs from the last
close() until an answer has the caller, the parameter, or the name; peers are asked again and again, 5 ms apart, parseltongue once: it
waits itself. Half a second of quiet lies between two saves. What is not seen in 10 s is counted, not timed.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import tempfile
import time

from run import PROGRAM, Daemon, edited, of, ready
from codegraphs import Colbymchenry, ColbymchenryQuick, Optave, OptaveBuild, Peer, Unable, installed
from edits import read, write

LIMIT_S, PAUSE_S, BETWEEN_S, PATIENCE = 10, 0.005, 0.5, 3
ADDED = "\nfn pt_caller_%n() {\n}\nfn pt_callee_%n() {\n}\npub fn pt_old_%n() {\n}\n"


class Parseltongue:
    LABEL = "parseltongue"

    def __init__(self, folder, work):
        self.folder, self.daemon = folder, Daemon(folder, work + "/run")

    def index(self):
        subprocess.run([PROGRAM, "index", self.folder, "--no-daemon", "--quiet"], check=True, capture_output=True)

    def start(self):
        self.daemon.__enter__()

    def stop(self):
        self.daemon.__exit__()

    def refresh(self):
        """Nothing is to be done after a save."""

    def version(self):
        return subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.split()[-1]

    def rows(self, method, target):
        """None at all when there is no such item."""
        return json.loads(self.daemon.connection.ask(method, {"target": target, "wait": 60000})).get("result", {}).get("results", [])

    def calls(self, callee, caller):
        return any(row["path"].endswith("::" + caller) for row in self.rows("callers", callee))

    def knows(self, name):
        return any(row["path"].endswith("::" + name) for row in self.rows("where-defined", name))

    def takes(self, name, parameter):
        return any(parameter in row["signature"] for row in self.rows("where-defined", name))


def changed(path, old, new):
    write(path, read(path).replace(old, new))


def with_file(path, number):
    write(os.path.join(os.path.dirname(path), f"pt_file_{number}.rs"), f"pub fn pt_in_file_{number}() {{\n}}\n")
    write(path, read(path) + f"pub mod pt_file_{number};\n")


# kind: what is saved, what has to be seen
SAVES = {
    "body": (lambda path, n: changed(path, f"fn pt_caller_{n}() {{\n", f"fn pt_caller_{n}() {{\n    pt_callee_{n}();\n"),
             lambda tool, n: tool.calls(f"pt_callee_{n}", f"pt_caller_{n}")),
    "new pub fn": (lambda path, n: write(path, read(path) + f"pub fn pt_new_{n}() {{\n}}\n"), lambda tool, n: tool.knows(f"pt_new_{n}")),
    "signature": (lambda path, n: changed(path, f"fn pt_callee_{n}()", f"fn pt_callee_{n}(size_{n}: u32)"), lambda tool, n: tool.takes(f"pt_callee_{n}", f"size_{n}")),
    "new file": (with_file, lambda tool, n: tool.knows(f"pt_in_file_{n}")),
    "rename": (lambda path, n: changed(path, f"fn pt_old_{n}()", f"fn pt_renamed_{n}()"), lambda tool, n: tool.knows(f"pt_renamed_{n}"))}


def shown(save, sees, tool, path, number):
    """-> milliseconds, None: not in time."""
    save(path, number)
    closed = time.perf_counter()
    tool.refresh()
    while not sees(tool, number):
        if time.perf_counter() - closed > LIMIT_S:
            return None
        time.sleep(PAUSE_S)
    return (time.perf_counter() - closed) * 1e3


def saved(tool, places):
    """One save to begin with, as none of them says when it watches, then those that count."""
    *others, last = list(enumerate(places))
    if all(shown(*SAVES["new pub fn"], tool, last[1], f"{last[0]:03}_{attempt}") is None for attempt in range(PATIENCE)):
        raise Unable(f"no save was seen in {PATIENCE * LIMIT_S} s")
    kinds = {}
    for kind, (save, sees) in SAVES.items():
        row = kinds[kind] = {"ms": [], "not_seen": 0}
        for number, path in others:
            time.sleep(BETWEEN_S)
            milliseconds = shown(save, sees, tool, path, f"{number:03}")
            row["not_seen"] += milliseconds is None
            row["ms"] += [] if milliseconds is None else [milliseconds]
            if row["not_seen"] == PATIENCE:
                break
    return kinds


def measured(maker, options):
    work = tempfile.mkdtemp(prefix="peers-")
    try:
        tree, rng = edited("tokio", work), random.Random(options.seed)
        places = rng.sample([path for path in tree.sources() if os.path.relpath(path, tree.folder).startswith("src") and path.endswith("/mod.rs")], options.saves + 1)
        for number, path in enumerate(places):
            write(path, read(path) + ADDED.replace("%n", f"{number:03}"))
        tool = maker(tree.folder, work)
        if isinstance(tool, Peer):
            installed()
        begun = time.perf_counter()
        tool.index()
        indexed = time.perf_counter()
        tool.start()
        try:
            if isinstance(tool, Parseltongue):
                ready(tool.daemon, tree, rng)
            return {"tool": tool.LABEL, "version": tool.version(), "index_s": indexed - begun, "kinds": saved(tool, places)}
        finally:
            tool.stop()
    except (Unable, OSError, ValueError) as e:
        return {"tool": maker.LABEL, "failed": str(e)}
    finally:
        shutil.rmtree(work, ignore_errors=True)


def table(row):
    if "failed" in row:
        print(f"  {row['tool']} not measured: {row['failed']}", flush=True)
        return
    print(f"  {row['tool']} ({row['version']}), indexed in {row['index_s']:.1f} s")
    for kind, r in row["kinds"].items():
        times = f"p50 {of(r['ms'], 50):9.1f} ms   most {max(r['ms']):9.1f} ms" if r["ms"] else ""
        unseen = f"{r['not_seen']} not seen in {LIMIT_S} s" if r["not_seen"] else ""
        print(f"    {kind:11} {len(r['ms']):3} saves   {times:36}   {unseen}".rstrip(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, default=10, help="of each kind, at most 40")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    results = []
    print("tokio: from the close of a save to the answer that shows it")
    for maker in (Parseltongue, Optave, OptaveBuild, Colbymchenry, ColbymchenryQuick):
        results.append(measured(maker, options))
        table(results[-1])
    if options.out:
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
