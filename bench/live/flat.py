#!/usr/bin/env python3
"""Whether the daemon's memory stays flat over many edits.

  flat.py [--trees tokio,compiler] [--edits 10000] [--every 500] [--seed N] [--out FILE]

Random edits (kinds of tests/edits.py that people do most), one after the other, each waited for until it is in an answer; every
other one puts a file back as it was, so that the tree does not grow. Every --every edits two samples are taken: at once, and
after four seconds of quiet, for the daemon puts aside what it does not need after three. A sample is what `status` tells:
resident, anonymous, and the parts of the session, of which what is put aside lies on the disk.

The bar: after all edits resident and anonymous are at most 5 % above those after the first tenth of them, quiet both times.
Prints the samples, the verdict, and how many batches made everything anew, and why.
"""
import argparse
import json
import random
import shutil
import tempfile
import time
from collections import Counter

from run import Daemon, edited, of, ready, stop  # noqa: I001  (it says where the next one is)
from edits import EDITS

KINDS = ("body", "comment", "new_item", "signature", "rename", "use", "method", "delete")
QUIET_SECONDS = 4
BAR = 1.05
MB = 1 << 20
ON_DISK = "put aside, on disk"


def sample(daemon, edits):
    """What the daemon tells now; the session's parts are in bytes, as it tells them."""
    status = daemon.call("status")
    memory = status["memory"]
    return {"edits": edits, "resident": memory["resident"], "anonymous": memory["anonymous"], "session": memory["session"],
            "generation": status["generation"], "whole": status["batches"] - status["batches_incremental"],
            "nodes": status["nodes"], "store_bytes": status["store_bytes"]}


def samples(daemon, edits):
    before = sample(daemon, edits)
    time.sleep(QUIET_SECONDS)
    return {"at_once": before, "quiet": sample(daemon, edits)}


def edit(daemon, tree, rng, number, times, why):
    """One edit that found a place, waited for."""
    kind = "repair" if number % 2 else rng.choice(KINDS)
    if not EDITS[kind](rng, tree) and not EDITS["body"](rng, tree):
        stop(f"edit {number}: no place for {kind}")
    start = time.perf_counter()
    answer = daemon.call("stats", {"wait": 60000})
    times.append((time.perf_counter() - start) * 1e3)
    if answer["pending"]:
        stop(f"edit {number} ({kind}): a save is not in an answer after a minute: {answer['stale']}")
    status = daemon.call("status")
    if status["error"]:
        stop(f"edit {number} ({kind}): {status['error']}")
    whole = status["batches"] - status["batches_incremental"]
    if whole > why["batches"]:
        why["reasons"][(status["whole"] or "not told").split(": ")[-1]] += whole - why["batches"]
        why["batches"] = whole


def head():
    print(f"  {'edits':>7}  {'resident MB':>17}  {'anonymous MB':>17}  {'session MB':>10}  {'on disk MB':>10}  {'nodes':>8}  {'store MB':>8}  {'generation':>10}  {'anew':>5}\n"
          f"  {'':>7}  {'at once / quiet':>17}  {'at once / quiet':>17}", flush=True)


def line(row):
    quiet, before = row["quiet"], row["at_once"]
    held = sum(size for part, size in quiet["session"].items() if part != ON_DISK)
    pairs = [f"{before[what] / MB:.1f} / {quiet[what] / MB:.1f}" for what in ("resident", "anonymous")]
    print(f"  {quiet['edits']:7,}  {pairs[0]:>17}  {pairs[1]:>17}  {held / MB:10.1f}  {quiet['session'].get(ON_DISK, 0) / MB:10.1f}  {quiet['nodes']:8,}  "
          f"{quiet['store_bytes'] / MB:8.1f}  {quiet['generation']:10,}  {quiet['whole']:5}", flush=True)


def parts(first, last):
    """The parts of the session after the first tenth and at the end."""
    for part in sorted(last["session"], key=lambda name: -last["session"][name]):
        a, b = first["session"].get(part, 0) / MB, last["session"][part] / MB
        print(f"    {part:22} {a:8.2f} MB   {b:8.2f} MB   {f'{b / a - 1:+.1%}' if a else ''}")


def flat(name, options):
    work, rng = tempfile.mkdtemp(prefix="flat-"), random.Random(options.seed)
    rows, times, why = [], [], {"batches": 0, "reasons": Counter()}
    try:
        tree = edited(name, work)
        with Daemon(tree.folder, work + "/run") as daemon:
            ready(daemon, tree, rng)
            why["batches"] = sample(daemon, 0)["whole"]
            at_start = why["batches"]
            rows.append(samples(daemon, 0))
            print(f"{name}: {options.edits:,} edits, every other one a repair (seed {options.seed})")
            head()
            line(rows[0])
            for number in range(1, options.edits + 1):
                edit(daemon, tree, rng, number, times, why)
                if number % options.every == 0 or number in (options.edits // 10, options.edits):
                    rows.append(samples(daemon, number))
                    line(rows[-1])
    finally:
        shutil.rmtree(work, ignore_errors=True)
    first = next(row["quiet"] for row in rows if row["quiet"]["edits"] == options.edits // 10)
    last, ok = rows[-1]["quiet"], True
    print(f"  the session after {first['edits']:,} and {last['edits']:,} edits")
    parts(first, last)
    for what in ("resident", "anonymous"):
        ratio = last[what] / first[what]
        ok = ok and ratio <= BAR
        print(f"  {what}: {first[what] / MB:.1f} MB after {first['edits']:,}, {last[what] / MB:.1f} MB after {last['edits']:,}: {ratio - 1:+.1%}   "
              f"bar +{BAR - 1:.0%}   {'ok' if ratio <= BAR else 'miss'}")
    print(f"  save to answer p50 {of(times, 50):.2f} ms   p99 {of(times, 99):.2f} ms; {why['batches'] - at_start} batches made everything anew")
    for reason, count in why["reasons"].most_common():
        print(f"    {count:5}  {reason}")
    return {"tree": name, "seed": options.seed, "edits": options.edits, "samples": rows, "anew": why["batches"] - at_start,
            "reasons": dict(why["reasons"]), "p50_ms": of(times, 50), "p99_ms": of(times, 99), "ok": ok}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", default="tokio")
    parser.add_argument("--edits", type=int, default=10000)
    parser.add_argument("--every", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    if options.edits < 10 or options.every < 1:
        parser.error("at least ten edits, and samples at least one apart")
    results = [flat(name, options) for name in options.trees.split(",")]
    if options.out:
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
