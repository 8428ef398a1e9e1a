#!/usr/bin/env python3
"""Two peers beside our tool: the same crates, the same rustc truth, the same judging (compare.py), one table.

  python3 bench/accuracy/peers.py [--crate NAME ...] [--set dev|held] [--out FILE]    table; FILE gets it as JSON
  python3 bench/accuracy/peers.py --selftest                                          the adapter against a tiny crate

The truth is what run.py kept; this script builds none. The peers are pinned in peers/package.json and its lock, and
stand in build/accuracy/peers (npm ci); the lock names their binaries for x86_64 Linux with glibc alone. What is
compared, and what is generous or harsh in it:

- A peer's symbol is the rustc definition of that name at that file and line (raw.pickle keeps rustc's spans). A place
  that several definitions share (a macro's) counts for the one that makes the edge right.
- An edge is judged when its caller stands in a file of the lib target, both ends are known to rustc, and the callee is
  a fn. Others are not held against a peer but counted: "from?" and "to?" when the caller, or only the callee, is no
  definition of this build (off under its cfg, a test, another target's; a "to?" may be a wrong guess as well); "no fn"
  when the callee is a struct, variant, alias or const, as rustc's truth holds no constructors.
- Edges a peer marks as synthesised from a trait's member to the impls' are left out: they claim no call in the text.
- implements: a peer tells pairs without the impls' places, so a pair it has counts as often as rustc has it. "hand" is
  the recall of impls that no derive made, "?" counts those not judged. Totals are over the crates marked so in
  crates.txt, as in run.py.
- Peak is that of the largest single process. Medians leave out the crates where a figure is not defined.
"""
import argparse
import collections
import contextlib
import json
import os
import pickle
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile

import cfg
import compare
import corpus
import names
import run
import truth

sys.path.insert(0, os.path.join(corpus.HERE, "peers"))
import install  # noqa: E402

HOME = os.path.join(corpus.BUILD, "peers")
BINARY = os.path.join(corpus.ROOT, "build", "release", "parseltongue")
OURS = "parseltongue"
LIMIT = 900  # seconds one indexing may take
CALLABLE = {"function", "method"}
FAILURES = (RuntimeError, OSError, sqlite3.Error, subprocess.SubprocessError, ValueError, KeyError, IndexError)
# No background process either.
QUIET = {**install.QUIET, "CODEGRAPH_NO_DAEMON": "1", "CODEGRAPH_NO_WATCH": "1"}


class Peer:
    """How to call a peer, and where its store keeps symbols (id, kind, name, file, line) and edges (from, to, kind)."""

    def __init__(self, label, package, start, command, store, symbols, edges):
        self.label, self.package, self.start, self.command = label, package, start, command
        self.store, self.symbols, self.edges = store, symbols, edges

    def path(self, *more):
        return os.path.join(HOME, "node_modules", *self.package.split("/"), *more)

    @property
    def version(self):
        with open(self.path("package.json"), encoding="utf-8") as f:
            return json.load(f)["version"]

    def indexing(self, folder):
        return ["node", self.path(*self.start), self.command, folder]

    def read(self, folder):
        store = os.path.join(folder, *self.store)
        if not os.path.exists(store):
            raise RuntimeError("it left no store")
        with contextlib.closing(sqlite3.connect(store)) as db:
            symbols = {row[0]: row[1:] for row in db.execute(self.symbols)}
            return symbols, sorted(set(db.execute(self.edges)), key=str)


PEERS = [
    Peer("optave", "@optave/codegraph", ("dist", "cli.js"), "build", (".codegraph", "graph.db"),
         "SELECT id, kind, name, file, line FROM nodes",
         "SELECT source_id, target_id, kind FROM edges WHERE kind IN ('calls', 'implements')"),
    Peer("colbymchenry", "@colbymchenry/codegraph", ("npm-shim.js",), "init", (".codegraph", "codegraph.db"),
         "SELECT id, kind, name, file_path, start_line FROM nodes",
         "SELECT source, target, kind FROM edges WHERE kind IN ('calls', 'implements')"
         " AND coalesce(provenance, '') <> 'heuristic'"),
]


# ---- running

# A child's peak starts at what its parent held when it was spawned; this one holds little, we hold the truth.
SPAWNER = """
import os, sys, time
null, began = os.open(os.devnull, os.O_RDWR), time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 0),
                                                                         (os.POSIX_SPAWN_DUP2, 2, 1)])
_, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - began, usage.ru_maxrss)
"""


def measured(command, env):
    """-> (wall seconds, peak megabytes of its largest process); an exit code other than 0 raises its last words."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as words:
        spawner = subprocess.Popen(["nice", sys.executable, "-S", "-E", "-c", SPAWNER] + command, env=env, text=True,
                                   stdout=subprocess.PIPE, stderr=words, start_new_session=True)
        try:
            out, _ = spawner.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(spawner.pid, signal.SIGKILL)  # its own session: the peer and what the peer started
            spawner.communicate()
            raise RuntimeError("not done after %d s" % LIMIT) from None
        words.seek(0)
        said = words.read().strip()
    if not out.strip():
        raise RuntimeError("not started: " + said[-200:])
    code, wall, peak = out.split()
    if int(code):
        raise RuntimeError("index: exit %s: %s" % (code, " ".join(said.split())[-200:]))
    return float(wall), int(peak) / 1024


@contextlib.contextmanager
def copied(source):
    """The crate alone in a temporary folder outside of any repository, whose ignore rules a peer might heed."""
    with tempfile.TemporaryDirectory(prefix="peers-") as top:
        folder = os.path.join(top, os.path.basename(source))
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".parseltongue", ".codegraph", "target"))
        os.mkdir(os.path.join(top, "home"))  # for a peer's settings and notes; ours needs the real one, cargo's
        yield folder, dict(os.environ, HOME=os.path.join(top, "home"), **QUIET)


# ---- matching

class Definitions:
    """rustc's definitions of one crate by place: (file, line, name) -> {canonical name: kind}."""

    def __init__(self, crate, owners, folder):
        local = truth.Local(crate, owners, truth.Sources(folder))
        self.names, self.at, self.files = local.names, collections.defaultdict(dict), set()
        for path, owner in owners.items():
            span = owner["span"]
            if not span or os.path.isabs(span["file"]):
                continue
            self.files.add(span["file"])
            last = re.sub(r"#\d+$", "", path.rpartition("::")[2])
            if names.IDENT.match(last):
                self.at[span["file"], span["line"], bare(last)][local.canon(path)] = owner.get("sub") or owner["kind"]

    def find(self, symbol):
        _, name, file, line = symbol
        return self.at.get((file, line, bare(name)), {})


def bare(name):
    """`Type.member` and `r#name` as the definition's own name."""
    last = re.split(r"\.|::", name)[-1]
    return last[2:] if last.startswith("r#") else last


class View:
    """A peer's edges in the form compare.py judges, as if they were an export."""

    def __init__(self, definitions, symbols, edges, known):
        self.names, self.nodes, self.edges, self.canon = definitions.names, {}, [], {}
        self.aside = collections.Counter()
        wanted = compare.call_truth(known, {})
        right = set(wanted["demand"]) | wanted["accepted"] | set(wanted["forwarded"])
        places = collections.defaultdict(list)
        for i in known["implements"]:
            places[i["head"], i["trait"]].append((i["file"], i["line"]))
        for source, target, kind in edges:
            if source not in symbols or target not in symbols or symbols[source][2] not in definitions.files:
                continue
            froms, tos = definitions.find(symbols[source]), definitions.find(symbols[target])
            if kind == "calls" and symbols[target][0] not in CALLABLE:
                self.aside["no fn"] += 1
                continue
            if kind == "calls":
                froms = {name: sub for name, sub in froms.items() if sub in truth.CALLERS}
            if not froms or not tos:
                self.aside[kind, "to" if froms else "from"] += 1
                continue
            pairs = [(a, b) for a in sorted(froms) for b in sorted(tos)]
            if kind == "calls":
                pair = next((p for p in pairs if p in right), pairs[0])
                self.add(pair, kind, "fn", None, 0)
            else:
                pair = next((p for p in pairs if p in places), pairs[0])
                form = "trait" if froms[pair[0]] == "Trait" else "type"
                for file, line in places.get(pair) or [symbols[source][2:]]:
                    self.add(pair, kind, form, file, line)

    def add(self, pair, kind, form, file, line):
        """Nodes are known by their canonical name, which names.py leaves as it is."""
        for name, what in zip(pair, (form, "other")):
            self.nodes.setdefault((what, name), {"kind": what, "path": name})
            self.canon[what, name] = name
        self.edges.append({"from": (form, pair[0]), "to": ("other", pair[1]), "kind": kind, "file": file, "line": line})

    @staticmethod
    def external(_):
        return False


# ---- judging

ASIDE = (("calls", "from"), ("calls", "to"), "no fn", ("implements", "from"), ("implements", "to"))


class Row:
    """What one tool did on one crate, or on many. `aside` counts a peer's edges that were not judged, None for ours."""

    def __init__(self, calls=None, implements=None, hand=None, wall=0.0, peak=0.0, aside=None):
        self.calls, self.implements = calls or compare.Score(), implements or compare.Score()
        self.hand, self.wall, self.peak, self.aside = hand or compare.Score(), wall, peak, aside

    def add(self, other, with_implements):
        self.calls.add(other.calls)
        if with_implements:
            self.implements.add(other.implements)
            self.hand.add(other.hand)
        self.wall, self.peak = self.wall + other.wall, max(self.peak, other.peak)
        if other.aside is not None:
            self.aside = (self.aside or collections.Counter()) + other.aside

    def figures(self):
        return {"calls precision": self.calls.precision, "calls recall": self.calls.recall, "calls f1": self.calls.f1,
                "implements precision": self.implements.precision, "implements recall": self.implements.recall,
                "implements hand recall": self.hand.recall, "wall": self.wall, "peak": self.peak}

    def plain(self):
        aside = None
        if self.aside is not None:
            aside = {k if k == "no fn" else " ".join(k): self.aside[k] for k in ASIDE}
        return {"calls": self.calls.row(), "implements": self.implements.row(), "implements hand": self.hand.row(),
                "wall_s": self.wall, "peak_mb": self.peak, "not_judged": aside}


def judged(view, known, folder, *rest):
    calls = compare.calls(view, known, run.heads_of([known]), False)[0]["local"]
    implements = compare.implements(view, known, folder)[0]
    return Row(calls, implements["all"], implements["hand"], *rest)


def peer_row(peer, crate, known, definitions):
    with copied(crate.dir) as (folder, env):
        wall, peak = measured(peer.indexing(folder), env)
        symbols, edges = peer.read(folder)
    if not any(s[2] in definitions.files for s in symbols.values()):
        raise RuntimeError("its store has no symbol of the lib target")
    view = View(definitions, symbols, edges, known)
    return judged(view, known, crate.dir, wall, peak, view.aside)


def our_row(binary, crate, known):
    with copied(crate.dir) as (folder, _):
        wall, peak = measured([binary, "index", folder], dict(os.environ))
        done = subprocess.run(["nice", binary, "export", "--format", "jsonl", "--workspace", folder], text=True,
                              capture_output=True, errors="replace")
    if done.returncode:
        raise RuntimeError("export: exit %d: %s" % (done.returncode, done.stderr.strip()[-100:]))
    lines = done.stdout.splitlines()
    if not json.loads(lines[0]).get("std"):
        raise RuntimeError("no std interface beside the binary")
    active = cfg.active_set(["--cfg=" + c for c in known["cfg"]])
    export = compare.Export(lines, known["crate"], active)
    return judged(export, known, crate.dir, wall, peak)


def total_of(found):
    total = Row()
    for crate, row in found:
        total.add(row, crate.implements)
    return total


def median_of(found):
    out = {}
    for figure in Row().figures():
        values = [row.figures()[figure] for crate, row in found
                  if crate.implements or not figure.startswith("implements")]
        values = [v for v in values if v is not None]
        out[figure] = statistics.median(values) if values else None
    return out


# ---- table

TITLE = "%-24s %-12s | %-57s | %-40s | indexing" % ("", "", "calls within the crate", "implements")
HEADER = "%-24s %-12s | %5s %5s %5s %5s %5s %5s %5s %5s %5s | %5s %5s %5s %5s %5s %5s %4s | %7s %7s" % (
    "", "", "right", "wrong", "miss", "prec", "rec", "F1", "from?", "to?", "no fn",
    "found", "of", "wrong", "prec", "rec", "hand", "?", "wall s", "peak MB")


def pct(x):
    return "    -" if x is None else "%5.1f" % (100 * x)


def text_of(label, tool, row):
    aside = ["-"] * 5 if row.aside is None else [row.aside[k] for k in ASIDE]
    c, i, f = row.calls, row.implements, row.figures()
    return "%-24s %-12s | %5d %5d %5d %s %s %s %5s %5s %5s | %5d %5d %5d %s %s %s %4s | %7.2f %7.0f" % (
        label, tool, c.right, c.wrong, c.missed, pct(c.precision), pct(c.recall), pct(c.f1), *aside[:3],
        i.found, i.found + i.missed, i.wrong, pct(i.precision), pct(i.recall), pct(f["implements hand recall"]),
        "-" if row.aside is None else sum(aside[3:]), row.wall, row.peak)


def median_text(tool, m):
    return "%-24s %-12s | %17s %s %s %s %17s | %17s %s %s %s %4s | %7.2f %7.0f" % (
        "median crate", tool, "", pct(m["calls precision"]), pct(m["calls recall"]), pct(m["calls f1"]), "", "",
        pct(m["implements precision"]), pct(m["implements recall"]), pct(m["implements hand recall"]), "",
        m["wall"], m["peak"])


def one_line(text):
    return " ".join(str(text).split())[-160:]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--crate", action="append", default=[], help="only this one (may be given often)")
    p.add_argument("--set", choices=("dev", "held"), help="only the crates of this set")
    p.add_argument("--out", metavar="FILE", help="also write everything as JSON")
    p.add_argument("--binary", default=BINARY)
    p.add_argument("--selftest", action="store_true")
    args = p.parse_args()
    absent = install.install(HOME)
    if args.selftest:
        sys.exit(1 if selftest(absent, args.binary) else 0)
    crates = [c for c in corpus.load() if (not args.crate or c.name in args.crate or c.label in args.crate)
              and (not args.set or c.group == args.set)]
    if not crates:
        sys.exit("no such crate in crates.txt")
    versions = {peer.label: absent or peer.version for peer in PEERS}
    versions[OURS] = version(args.binary)
    print("\n".join("%-12s %s" % (label, one_line(said)) for label, said in versions.items()))
    print("%-12s %s\n\n%s\n%s\n%s" % ("node", version("node"), TITLE, HEADER, "-" * len(HEADER)))
    rows, failed = collections.defaultdict(list), collections.defaultdict(dict)
    for crate in crates:
        known, raw = truth.cached(crate), os.path.join(crate.truth, "raw.pickle")
        if not known or not os.path.exists(raw):
            print("%-24s no truth: bench/accuracy/run.py builds it" % crate.label)
            failed[crate.label]["truth"] = "none"
            continue
        with open(raw, "rb") as f:
            owners = pickle.load(f)["owners"]
        definitions = Definitions(known["crate"], owners, crate.dir)
        for tool in [OURS] + PEERS:
            label = tool if tool == OURS else tool.label
            try:
                if tool != OURS and absent:
                    raise RuntimeError("not installed: " + absent)
                row = (our_row(args.binary, crate, known) if tool == OURS else
                       peer_row(tool, crate, known, definitions))
            except FAILURES as e:
                failed[crate.label][label] = one_line(e)
                print("%-24s %-12s | failed: %s" % (crate.label, label, one_line(e)), flush=True)
                continue
            rows[label].append((crate, row))
            print(text_of(crate.label, label, row), flush=True)
    print()
    for title, group in (("total of dev", "dev"), ("total of held", "held"), ("total", None)):
        chosen = {label: [(c, r) for c, r in found if group in (None, c.group)] for label, found in rows.items()}
        for label, found in chosen.items():
            if found:
                print(text_of("%s, %d crates" % (title, len(found)), label, total_of(found)))
    for label, found in rows.items():
        print(median_text(label, median_of(found)))
    if args.out:
        out = {"versions": versions, "failed": failed, "tools": {}}
        for label, found in rows.items():
            groups = {g: [(c, r) for c, r in found if g in ("all", c.group)] for g in ("dev", "held", "all")}
            out["tools"][label] = {"crates": {c.label: r.plain() for c, r in found}, "median": median_of(found),
                                   "total": {g: total_of(some).plain() for g, some in groups.items() if some}}
        with open(args.out, "w", encoding="utf-8") as f:
            json.dump(out, f, indent=1, sort_keys=True)
            f.write("\n")
    # A peer's failure is its own.
    sys.exit(1 if any(OURS in tools or "truth" in tools for tools in failed.values()) else 0)


def version(program):
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True)
    except OSError as e:
        return "not there: %s" % e.strerror
    return done.stdout.strip().split("\n")[0]


# ---- selftest

TINY = {"Cargo.toml": """[package]
name = "tiny"
version = "0.1.0"
edition = "2021"
[workspace]
""", "src/lib.rs": """pub mod shape;
pub trait Area {
    fn area(&self) -> u32;
    fn twice(&self) -> u32 { self.area() * 2 }
}
#[derive(Clone)]
pub struct Point(u32);
impl Point {
    pub fn new(x: u32) -> Point { Point(helper(x)) }
}
impl Area for Point {
    fn area(&self) -> u32 { helper(self.0) }
}
fn helper(x: u32) -> u32 { x }
#[cfg(not(windows))]
fn twin() -> u32 { helper(1) }
#[cfg(windows)]
fn twin() -> u32 { helper(2) }
pub fn all(s: &shape::Square) -> u32 { twin() + Point::new(1).area() + s.area() + shape::side(s) }
#[cfg(test)]
mod tests {
    #[test]
    fn check() { super::helper(3); }
}
""", "src/shape.rs": """use crate::Area;
pub struct Square { pub side: u32 }
impl Area for Square {
    fn area(&self) -> u32 { side(self) * side(self) }
}
pub fn side(s: &Square) -> u32 { s.side }
"""}
LIB, SHAPE = "src/lib.rs", "src/shape.rs"
TINY_OWNERS = [  # definition path, sub, file, line, as read_hir gives them; impls: (trait, head)
    ("tiny::Area", "Trait", LIB, 2), ("tiny::Area::area", "Fn", LIB, 3), ("tiny::Area::twice", "Fn", LIB, 4),
    ("tiny::Point", "Struct", LIB, 7), ("tiny::{impl#0}", "Impl", LIB, 8, None, "tiny::Point"),
    ("tiny::{impl#0}::new", "Fn", LIB, 9), ("tiny::{impl#1}", "Impl", LIB, 11, "tiny::Area", "tiny::Point"),
    ("tiny::{impl#1}::area", "Fn", LIB, 12), ("tiny::helper", "Fn", LIB, 14), ("tiny::twin", "Fn", LIB, 16),
    ("tiny::all", "Fn", LIB, 19), ("tiny::shape", "Mod", LIB, 1), ("tiny::shape::Square", "Struct", SHAPE, 2),
    ("tiny::shape::{impl#0}", "Impl", SHAPE, 3, "tiny::Area", "tiny::shape::Square"),
    ("tiny::shape::{impl#0}::area", "Fn", SHAPE, 4), ("tiny::shape::side", "Fn", SHAPE, 6)]
TINY_CALLS = """tiny::Area::twice -> tiny::Area::area
tiny::Point::new -> tiny::helper
<tiny::Point as tiny::Area>::area -> tiny::helper
tiny::twin -> tiny::helper
tiny::all -> tiny::twin
tiny::all -> tiny::Point::new
tiny::all -> <tiny::Point as tiny::Area>::area
tiny::all -> <tiny::shape::Square as tiny::Area>::area
tiny::all -> tiny::shape::side
<tiny::shape::Square as tiny::Area>::area -> tiny::shape::side"""
TINY_IMPLEMENTS = [("tiny::Point", "std:Clone", "derive", LIB, 6), ("tiny::Point", "tiny::Area", "hand", LIB, 11),
                   ("tiny::shape::Square", "tiny::Area", "hand", SHAPE, 3)]
TINY_SYMBOLS = {  # of a peer: id -> kind, name, file, line
    1: ("trait", "Area", LIB, 2), 2: ("method", "Area.area", LIB, 3), 3: ("struct", "Point", LIB, 7),
    4: ("method", "Point.new", LIB, 9), 5: ("method", "Point::area", LIB, 12), 6: ("function", "helper", LIB, 14),
    7: ("function", "twin", LIB, 16), 8: ("function", "twin", LIB, 18), 9: ("function", "all", LIB, 19),
    10: ("function", "check", LIB, 23), 11: ("struct", "Square", SHAPE, 2), 12: ("method", "area", SHAPE, 4),
    13: ("function", "side", SHAPE, 6), 14: ("function", "outside", "tests/t.rs", 1), 15: ("file", "lib.rs", LIB, 1)}
TINY_EDGES = [
    (4, 6, "calls"), (7, 6, "calls"), (9, 13, "calls"), (12, 13, "calls"),  # right
    (9, 2, "calls"), (6, 4, "calls"),  # wrong: the trait's member where rustc takes the impl's; no call at all
    (10, 6, "calls"), (15, 6, "calls"), (9, 8, "calls"),  # a test's, a file's, to the twin that is off: not judged
    (4, 3, "calls"), (14, 6, "calls"),  # a constructor; from another target
    (3, 1, "implements"), (11, 3, "implements"), (8, 1, "implements")]  # right, wrong, not judged
TINY_EXPECTED = {"calls right": 4, "calls wrong": 2, "calls missed": 6, "implements right": 1, "implements wrong": 1,
                 "implements missed": 2, "hand missed": 1, ("calls", "from"): 2, ("calls", "to"): 1, "no fn": 1,
                 ("implements", "from"): 1, ("implements", "to"): 0}
# What the pinned versions find in the tiny crate, held against its text by eye: right, wrong, missed calls; implements.
TINY_PEERS = {OURS: (10, 0, 0, 3), "optave": (5, 0, 5, 2), "colbymchenry": (8, 0, 2, 2)}


def tiny_known():
    calls = []
    for row in TINY_CALLS.split("\n"):
        caller, callee = row.split(" -> ")
        calls.append({"caller": caller, "callee": callee, "local": True, "direct": True, "internal": False,
                      "await": False, "sugar": False, "macro": False, "file": LIB, "line": 1, "col": 1, "raw": "",
                      "may": [], "forward": []})
    return {"crate": "tiny", "calls": calls, "implements_in_bodies": [], "impl_heads": {}, "cfg": [],
            "implements": [dict(zip(("head", "trait", "origin", "file", "line"), i)) for i in TINY_IMPLEMENTS]}


def tiny_owners():
    owners = {"tiny": {"kind": "Crate", "span": None}}
    for path, sub, file, line, *impl in TINY_OWNERS:
        owners[path] = {"kind": "Item", "sub": sub, "span": {"file": file, "line": line, "col": 1, "macro": False}}
        if impl:
            owners[path]["impl"] = {"trait": [True, impl[0]] if impl[0] else None, "negative": False,
                                    "head": ("def", [True, impl[1]], "Struct")}
    return owners


def tiny_store(peer, folder):
    """The rows above in the peer's schema, as far as it is read; colbymchenry's with a synthesised edge in addition."""
    os.makedirs(os.path.join(folder, peer.store[0]), exist_ok=True)
    optave = peer.label == "optave"
    with contextlib.closing(sqlite3.connect(os.path.join(folder, *peer.store))) as db:
        place, ends = ("file, line", "source_id, target_id") if optave else ("file_path, start_line", "source, target")
        db.execute("CREATE TABLE nodes (id, kind, name, %s)" % place)
        db.execute("CREATE TABLE edges (%s, kind, provenance)" % ends)
        db.executemany("INSERT INTO nodes VALUES (?, ?, ?, ?, ?)", [(k, *v) for k, v in TINY_SYMBOLS.items()])
        edges = [edge + (None,) for edge in TINY_EDGES + TINY_EDGES[:1]]  # again, as a peer has an edge a call site
        if not optave:
            edges.append((2, 5, "calls", "heuristic"))
        db.executemany("INSERT INTO edges VALUES (?, ?, ?, ?)", edges)
        db.commit()


def check(what, got, wanted):
    print("%-60s %s" % (what, "ok" if got == wanted else "FAILED: %s, not %s" % (got, wanted)))
    return got != wanted


def selftest(absent, binary):
    """-> the number of failed checks."""
    bad = 0
    with tempfile.TemporaryDirectory(prefix="peers-") as top:
        corpus.BUILD, corpus.SRC = top, os.path.join(top, "src")  # what is judged here is no crate of crates.txt
        crate = corpus.Crate("tiny", "0.1.0", implements=True)
        for name, text in TINY.items():
            os.makedirs(os.path.dirname(os.path.join(crate.dir, name)), exist_ok=True)
            with open(os.path.join(crate.dir, name), "w", encoding="utf-8") as f:
                f.write(text)
        known, definitions = tiny_known(), Definitions("tiny", tiny_owners(), crate.dir)
        for peer in PEERS:
            store = os.path.join(top, peer.label)
            tiny_store(peer, store)
            view = View(definitions, *peer.read(store), known)
            row = judged(view, known, crate.dir, 1.0, 2.0, view.aside)
            scores = {"calls": row.calls, "implements": row.implements, "hand": row.hand}
            got = {"%s %s" % (k, f): getattr(s, f) for k, s in scores.items() for f in ("right", "wrong", "missed")}
            got.update({k: row.aside[k] for k in ASIDE})
            bad += check("%s, hand-written store" % peer.label, {k: got[k] for k in TINY_EXPECTED}, TINY_EXPECTED)
            total = total_of([(crate, row), (crate, row)])
            bad += check("%s, total of two" % peer.label,
                         (total.calls.right, total.aside["no fn"], total.wall, total.peak), (8, 2, 2.0, 2.0))
        bad += check("a failing command is told", failing(), "index: exit 3: oh no")
        if not shutil.which("cargo"):
            print("rustc and the peers on the tiny crate: skipped, no cargo")
            return bad
        known = truth.build(crate)
        with open(os.path.join(crate.truth, "raw.pickle"), "rb") as f:
            definitions = Definitions("tiny", pickle.load(f)["owners"], crate.dir)
        pairs = sorted("%s -> %s" % pair for pair in compare.call_truth(known, {})["local"])
        bad += check("rustc's calls are those written by hand", pairs, sorted(TINY_CALLS.split("\n")))
        for tool in [OURS] + PEERS:
            label = tool if tool == OURS else tool.label
            if absent and tool != OURS:
                print("%s on the tiny crate: skipped, %s" % (label, one_line(absent)))
                continue
            try:
                row = our_row(binary, crate, known) if tool == OURS else peer_row(tool, crate, known, definitions)
                got = (row.calls.right, row.calls.wrong, row.calls.missed, row.implements.found)
            except FAILURES as e:
                got = one_line(e)
            bad += check("%s on the tiny crate" % label, got, TINY_PEERS[label])
    return bad


def failing():
    try:
        measured(["sh", "-c", "echo oh no; exit 3"], dict(os.environ))
    except RuntimeError as e:
        return str(e)
    return "nothing raised"


if __name__ == "__main__":
    main()
