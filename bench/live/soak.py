#!/usr/bin/env python3
"""The daemon under everything that happens to it, for minutes or hours, on copies of tokio and of the demo workspace at once.

  soak.py [--minutes 30] [--seed N] [--known PATTERN] [--out FILE]          (or MINUTES=N)

Random deeds on either: edits of all kinds (tests/edits.py) and bursts of them, questions by several connections meanwhile, git
checkouts, many files written under .git/index.lock, files out of balance and their repair, folders moved away and back, manifests
saved, a second start, restart, kill -9 and SIGTERM in the middle of work. The law is held again and again: the export of the
store is that of a fresh index, byte for byte (a file out of balance counts as it was), and `verify` finds the store sound.
Every minute memory is looked at after four seconds of quiet.

At the end each workspace is what it was at first, and there must be no process, socket, lock, open descriptor or unknown file
left, no line in a log that tells of an error, and the memory of the last daemon within the band of the first.
Prints what was done, the memory and the verdict. The first violation ends it with status 1; its evidence is kept. Errors of the
log that match --known, for somebody is at them already, are counted and do not end it.
"""
import argparse
import glob
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter

from run import edited  # noqa: I001  (it says where the next one is)
from askers import Violation
from deeds import DEEDS, edit, git, manifest
from edits import EDITS, Tree
from soaked import QUIET_LINES, Place, descriptors_below

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "fixtures", "workspaces", "demo")
MB = 1 << 20
QUIET_SECONDS = 4
BAND = 1.25, 8 * MB  # the last daemon may be so much above the first: by the factor or the bytes, whichever is more


def made(name, work, rng, known):
    """A copy of a tree, a git work tree of two branches that differ in some thirty files."""
    if name == "demo":
        os.makedirs(work + "/run", mode=0o700)
        shutil.copytree(DEMO, work + "/tree", ignore=shutil.ignore_patterns(".parseltongue"))
    else:
        edited(name, work)
    shutil.copytree(work + "/tree", work + "/original")
    place = Place(name, work, Tree(work + "/tree", work + "/original"), known)
    git(place, "init", "-q", "-b", "main")
    git(place, "add", "-A", "-f")
    git(place, "commit", "-q", "-m", "main")
    git(place, "checkout", "-q", "-b", "side")
    for _ in range(40):
        EDITS[rng.choice([kind for kind in sorted(EDITS) if kind not in ("broken", "repair")])](rng, place.edits)
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "side")
    git(place, "checkout", "-q", "main")
    place.edits.modules = []  # git took their folders
    return place


def sample(places, since, counts):
    """Memory after quiet, and the trend's line."""
    time.sleep(QUIET_SECONDS)
    cells = {}
    for place in places:
        status = place.status()
        cells[place.name] = {"resident": status["memory"]["resident"], "anonymous": status["memory"]["anonymous"], "pid": place.pid, "nodes": status["nodes"]}
    minutes, deeds = (time.monotonic() - since) / 60, sum(counts[deed.__name__] for deed in DEEDS)
    print(f"  {minutes:7.1f}  {deeds:6}  " + "   ".join(
        f"{name} {c['resident'] / MB:6.1f} / {c['anonymous'] / MB:5.1f} MB, {c['nodes']:,} nodes" for name, c in cells.items()), flush=True)
    return {"minutes": minutes, **cells}


def worked(place, rng):
    """What a daemon is like that has done some work: that is what the last one is held against."""
    for number in range(100):
        (manifest if number % 40 == 0 else edit)(place, rng, Counter())
    restored(place)


def restored(place):
    """The tree as it was at first."""
    git(place, "checkout", "-q", "-f", "main")
    git(place, "clean", "-fdq")
    place.edits.modules = []
    if place.texts() != place.texts(place.work + "/original"):
        raise Violation(f"{place.name}: the tree is not what it was at first")
    place.settled()


def at_the_end(place, first, last):
    """Nothing is left of it, and its memory is what it was."""
    limit = max(first["resident"] * BAND[0], first["resident"] + BAND[1])
    if last["resident"] > limit:
        raise Violation(f"{place.name}: {last['resident'] / MB:.1f} MB resident, the first daemon {first['resident'] / MB:.1f}: the band ends at {limit / MB:.1f}")
    place.store_is_tidy()
    status = git(place, "status", "--porcelain", "--ignored").split()
    if status not in ([], ["!!", ".parseltongue/"]):
        raise Violation(f"files of nobody in the tree: {status}")
    socket_name = os.path.basename(place.socket_path)
    place.stop()
    left = [pid for pid in place.pids if place.lives(pid)]
    places = [*place.leavings(), *glob.glob(place.work + "/**/*.sock", recursive=True), *glob.glob(f"/tmp/parseltongue-*/{socket_name[:-5]}.*")]
    with open("/proc/net/unix", encoding="utf-8") as f:
        sockets = [line for line in f if place.work in line]
    for what, found in {"processes": left, "sockets, locks": places, "open sockets": sockets, "open files": descriptors_below(place.work)}.items():
        if found:
            raise Violation(f"{place.name}: left at the end: {what}: {found}")
    for folder, known in (("run", r"[0-9a-f]{16}\.log(\.1)?"), ("cache", r"[\w.+-]+-[0-9a-f]{16}\.segment")):  # logs; what is kept of dependencies
        paths = [path for path in glob.glob(f"{place.work}/{folder}/**/*", recursive=True) if os.path.isfile(path)]
        unknown = [path for path in paths if not re.fullmatch(known, os.path.basename(path))]
        if unknown:
            raise Violation(f"{place.name}: unknown files: {unknown}")
    place.look_at_log()


def soak(places, rng, options, counts):
    since = time.monotonic()
    end = since + options.minutes * 60
    for place in places:
        place.start()
        worked(place, rng)
    print("  minutes   deeds  resident / anonymous after quiet")
    trend = [sample(places, since, counts)]
    while time.monotonic() < end:
        sampled = time.monotonic() + 60
        while time.monotonic() < min(sampled, end):
            place, deed = rng.choice(places), rng.choices(list(DEEDS), list(DEEDS.values()))[0]
            place.done.append(deed.__name__)
            counts[deed.__name__] += 1
            deed(place, rng, counts)
            place.alive()
        for place in places:
            place.settled()
            place.look_at_log()
        trend.append(sample(places, since, counts))
    for place in places:
        restored(place)
        place.law(counts)
    trend.append(sample(places, since, counts))
    for place in places:
        at_the_end(place, trend[0][place.name], trend[-1][place.name])
    return trend


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("MINUTES", 30)))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--known", metavar="PATTERN")
    parser.add_argument("--out")
    options = parser.parse_args()
    rng, counts, evidence, trend, places = random.Random(options.seed), Counter(), tempfile.mkdtemp(prefix="soak-"), [], []
    print(f"soak: {options.minutes:g} minutes, seed {options.seed}", flush=True)
    verdict = None
    try:
        places = [made(name, f"{evidence}/{name}", rng, options.known) for name in ("tokio", "demo")]
        trend = soak(places, rng, options, counts)
    except (Violation, SystemExit) as failure:  # run.py's stop() is the latter
        verdict = str(failure)
        for place in places:
            place.keep_evidence(verdict)
    finally:
        for place in places:
            place.end()
    for name in [deed.__name__ for deed in DEEDS] + sorted(counts.keys() - {deed.__name__ for deed in DEEDS}):
        print(f"  {name:40} {counts[name]:8,}")
    lines = sum((place.log_lines for place in places), Counter())
    print("  lines of the logs: " + ", ".join(f"{lines[kind]:,} {kind}" for kind in (*QUIET_LINES, "errors")))
    if options.out:
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump({"seed": options.seed, "minutes": options.minutes, "counts": counts, "trend": trend, "log": lines, "violation": verdict}, f, indent=1)
            f.write("\n")
    if verdict:
        sys.exit(f"VIOLATION: {verdict}\nevidence: {evidence}")
    shutil.rmtree(evidence)
    print("verdict: the law held every time; nothing was left")


if __name__ == "__main__":
    main()
