#!/usr/bin/env python3
"""The law of the daemon on real trees: after every edit its export is that of a fresh index, byte for byte.

  law.py [--edits N] [--trees tokio,compiler,library] [--seed S] [--store native|sqlite] [--evidence FOLDER] [--out FILE]

N random edits of all kinds (tests/edits.py) on a copy of each tree. A file whose brackets are out of balance counts, for the daemon,
as it was when they last were: its answers list it as stale. So the fresh index is that of a mirror, a second copy that follows the
first but for files the answer lists. After each edit: the export of the daemon's store against that of the mirror.

The clock runs from the end of the edit to the answer that shows it. The ripple of an edit is the number of items its batches resolved,
as their notifications tell it. A burst is saved under git's lock, so that it is one batch, which costs up to 5 ms: a file saved twice
might else be kept as it was in between. When the law fails, both trees, both exports and what the edited files were before are kept
in FOLDER/failN.
"""
import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import tempfile
import time

from run import BUILD, EDITS, PROGRAM, Daemon, edited, of, ready, stop

LARGE = 1000  # items resolved


class Mirror:
    """The tree as the daemon takes it: what it keeps as it was stays so here too."""

    def __init__(self, tree, folder):
        self.tree, self.folder, self.stale, self.before = tree, folder, set(), {}
        shutil.copytree(tree.folder, folder, symlinks=True, ignore=shutil.ignore_patterns(".parseltongue"))

    def follow(self, touched, stale):
        """What was saved, and what was kept so far, unless it is kept now."""
        changed = {os.path.relpath(path, self.tree.folder) for path in touched} | self.stale
        self.stale, self.before = set(stale), {}
        for path in changed - self.stale:
            source, target = os.path.join(self.tree.folder, path), os.path.join(self.folder, path)
            if os.path.exists(target):
                with open(target, "rb") as f:
                    self.before[path] = f.read()
            if os.path.exists(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copyfile(source, target)
            elif os.path.exists(target):
                os.unlink(target)


class Law:
    """One daemon, its tree, the mirror, and what was counted."""

    def __init__(self, daemon, tree, work, store, rng):
        self.daemon, self.tree, self.work, self.store, self.rng = daemon, tree, work, store, rng
        self.lock = tree.folder + "/.git/index.lock"
        self.mirror = Mirror(tree, work + "/mirror")
        self.updates = daemon.connect()
        self.updates.call("subscribe")
        self.kinds, self.stale_states = {}, 0
        self.batches = daemon.call("status")["batches"]

    def edit(self, kind):
        if kind != "burst":
            return EDITS[kind](self.rng, self.tree)
        with open(self.lock, "wb"):
            pass
        touched = EDITS[kind](self.rng, self.tree)
        os.unlink(self.lock)
        return touched

    def save(self, kind):
        """-> what was touched, nothing when no place was found."""
        touched = self.edit(kind)
        if not touched:
            return touched
        start = time.perf_counter()
        answer = self.daemon.call("stats", {"wait": 60000})
        milliseconds = (time.perf_counter() - start) * 1e3
        if answer["pending"]:
            stop(f"a save was not seen: {answer['stale']}")
        before, self.batches = self.batches, self.daemon.call("status")["batches"]
        updates = [self.updates.next() for _ in range(self.batches - before)]
        row = self.kinds.setdefault(kind, {"edits": 0, "ms": [], "resolved": [], "whole": []})
        row["edits"] += 1
        row["ms"].append(milliseconds)
        row["resolved"].append(sum(update["resolved"] for update in updates if not update["whole"]))
        reasons = [update["whole"] for update in updates if update["whole"]]
        row["whole"] += reasons[:1]
        self.stale_states += bool(answer["stale"])
        self.mirror.follow(touched, answer["stale"])
        return touched

    def export(self, folder, store):
        done = subprocess.run([PROGRAM, "export", "--candidates", "--no-daemon", "--workspace", folder, "--store", store], capture_output=True)
        return done.stdout if not done.returncode else stop(f"export: exit {done.returncode}: {done.stderr.decode()}")

    def exports(self):
        """The daemon's and a fresh index's."""
        fresh, folder = f"native:{self.work}/fresh", self.mirror.folder
        done = subprocess.run([PROGRAM, "index", folder, "--no-daemon", "--quiet", "--rebuild", "--store", fresh], capture_output=True, text=True)
        if done.returncode:
            stop(f"index: exit {done.returncode}: {done.stderr}")
        return self.export(self.tree.folder, self.store), self.export(folder, fresh)

    def keep(self, evidence, exports, told):
        """-> the folder that has everything needed to look into it."""
        number = next(n for n in range(1, 10000) if not os.path.exists(f"{evidence}/fail{n}"))
        folder = f"{evidence}/fail{number}"
        os.makedirs(folder)
        files = dict(zip(("daemon.jsonl", "fresh.jsonl"), exports), **{"before/" + path: text for path, text in self.mirror.before.items()})
        for name, text in files.items():
            os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
            with open(f"{folder}/{name}", "wb") as f:
                f.write(text)
        for name, source in (("tree", self.tree.folder), ("mirror", self.mirror.folder)):
            shutil.copytree(source, f"{folder}/{name}", symlinks=True)
        with open(f"{folder}/edit.json", "w", encoding="utf-8") as f:
            json.dump(told, f, indent=1)
        return folder

    def judge(self, number, kind, seed, touched, evidence):
        mine, fresh = exports = self.exports()
        if mine == fresh:
            return
        a, b = set(fresh.splitlines()), set(mine.splitlines())
        told = {"edit": number, "kind": kind, "seed": seed, "touched": [os.path.relpath(path, self.tree.folder) for path in touched],
                "stale": sorted(self.mirror.stale), "status": self.daemon.call("status")}
        stop(f"edit {number} ({kind}, seed {seed}): fresh only {sorted(a - b)[:3]}, daemon only {sorted(b - a)[:3]}; kept in {self.keep(evidence, exports, told)}")


def law(name, options):
    work, rng = tempfile.mkdtemp(prefix="law-"), random.Random(options.seed)
    store = f"{options.store}:{work}/store/graph"
    try:
        tree = edited(name, work)
        os.makedirs(work + "/store")
        os.makedirs(tree.folder + "/.git", exist_ok=True)
        with Daemon(tree.folder, work + "/run", "--store", store) as daemon:
            if options.store == "native":
                ready(daemon, tree, rng)
                time.sleep(0.3)  # so that its notifications are over
            found = Law(daemon, tree, work, store, rng)
            for number in range(options.edits):
                kind = rng.choice(sorted(EDITS))
                touched = found.save(kind)
                if touched:
                    found.judge(number, kind, options.seed, touched, options.evidence)
            found.updates.close()
        if subprocess.run([PROGRAM, "verify", "--no-daemon", "--workspace", tree.folder, "--store", store], capture_output=True).returncode:
            stop("the store is not sound")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return {"tree": name, "seed": options.seed, "store": options.store, "stale_states": found.stale_states, "kinds": found.kinds}


def table(row):
    kinds = row["kinds"]
    total, whole = sum(r["edits"] for r in kinds.values()), sum(len(r["whole"]) for r in kinds.values())
    large = sum(resolved >= LARGE for r in kinds.values() for resolved in r["resolved"])
    print(f"{row['tree']}: {total} edits, each state byte for byte that of a fresh index (seed {row['seed']}, {row['store']}); {whole} made everything anew")
    print(f"  states with a stale file {row['stale_states']} of {total}; ripples of {LARGE:,} items or more: {large} of {total} ({100 * large / max(total, 1):.1f} %), "
          f"what was made anew not counted")
    for kind, r in sorted(kinds.items()):
        why = "; ".join(f"{count} {reason}" for reason, count in collections.Counter(w.split(": ")[-1] for w in r["whole"]).most_common())
        print(f"  {kind:12} {r['edits']:4} edits   p50 {of(r['ms'], 50):8.2f} ms   most {max(r['ms']):8.2f} ms   resolved p50 {of(r['resolved'], 50):5} most "
              f"{max(r['resolved']):6}   anew {len(r['whole']):3}   {why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", default="tokio,compiler,library")
    parser.add_argument("--edits", type=int, default=1000, help="on each tree")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=("native", "sqlite"), default="native")
    parser.add_argument("--evidence", default=os.path.join(BUILD, "law"), metavar="FOLDER")
    parser.add_argument("--out")
    options = parser.parse_args()
    results = []
    for name in options.trees.split(","):
        results.append(law(name, options))
        table(results[-1])
    if options.out:
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
