"""Accuracy of build/release/parseltongue, held against rustc and rustdoc on the crates of crates.txt.

  python3 bench/accuracy/run.py                    all crates, tables on standard output; OUT=file also as JSON
  python3 bench/accuracy/run.py --truth-only       fetch and build the truth, print its counts
  python3 bench/accuracy/run.py --crate semver --show 20
See README.md beside this file for what is compared.
"""
import argparse
import collections
import json
import os
import shutil
import statistics
import subprocess
import sys

import cfg
import compare
import corpus
import truth

FIGURES = [("implements", "all"), ("implements", "hand"), ("implements", "derive"), ("implements", "in bodies"),
           ("calls", "local"), ("calls", "all"), ("calls", "forwarded"), ("uses", "all")]


def heads_of(crates):
    """External impl -> type name, learnt from all crates: one crate's gap is another's find."""
    votes = collections.defaultdict(collections.Counter)
    for c in crates:
        for parent, head in c["impl_heads"].items():
            votes[parent][head] += 1
    return {p: v.most_common(1)[0][0] for p, v in votes.items()}


def export_lines(args, crate):
    if args.export:
        with open(args.export, encoding="utf-8") as f:
            return f.read().splitlines()
    shutil.rmtree(os.path.join(crate.dir, ".parseltongue"), ignore_errors=True)
    out = ""
    for cmd in (["index", crate.dir] + args.index_option, ["export", "--format", "jsonl", "--workspace", crate.dir] +
                (["--candidates"] if args.candidates else [])):
        done = subprocess.run(["nice", args.binary] + cmd, capture_output=True, text=True, errors="replace",
                              timeout=600)
        if done.returncode:
            raise RuntimeError("%s: exit %d: %s" % (cmd[0], done.returncode, done.stderr.strip()[-300:]))
        out = done.stdout
    return out.splitlines()


def judge(args, crate, known, heads):
    active = cfg.active_set(["--cfg=" + c for c in known["cfg"]])
    export = compare.Export(export_lines(args, crate), known["crate"], active)
    imp, imp_conf, place = compare.implements(export, known, crate.dir, args.candidates)
    call, call_conf, call_via, call_class, call_rule, why, unnamed = compare.calls(export, known, heads, args.candidates)
    use, use_kind = compare.uses(export, known, crate.dir)
    figures = {("implements", k): v for k, v in imp.items()}
    figures.update({("calls", k): v for k, v in call.items()})
    figures["uses", "all"] = use
    splits = {"implements by confidence": imp_conf, "uses by kind of edge (precision)": use_kind}
    splits["calls all by rule (precision)"] = call_rule
    for table in ("local", "all"):
        splits["calls %s by confidence (precision)" % table] = call_conf[table]
        splits["calls %s by our via (precision)" % table] = call_via[table]
        splits["calls %s by rustc's class (recall)" % table] = call_class[table]
    notes = {"edges and nodes left out": dict(export.dropped), "implements at rustc's file and line": list(place),
             "call differences": why, "external calls without a name": unnamed}
    if export.on.bad:
        notes["cfg predicates not understood"] = sorted(export.on.bad)[:5]
    return figures, splits, notes


def pct(x):
    return "     -" if x is None else "%6.2f" % (100 * x)


def line(label, s):
    return "%-34s %7d %7d %7d %7d %7d %7d  %s %s %s" % (
        label, s.right + s.wrong, s.found + s.missed, s.right, s.wrong, s.missed, s.accepted,
        pct(s.precision), pct(s.recall), pct(s.f1))


HEADER = "%-34s %7s %7s %7s %7s %7s %7s  %6s %6s %6s" % (
    "", "ours", "truth", "right", "wrong", "missed", "accept", "prec", "recall", "F1")


def show(figures, n):
    for key, s in figures.items():
        if key == ("implements", "all"):
            continue
        for what, rows in (("wrong", s.wrong_rows), ("missed", s.missed_rows)):
            if rows:
                print("  -- %s %s, %s: %d" % (key + (what, len(rows))))
                for r in sorted(rows, key=str)[:n] if n else ():
                    print("     " + "  ".join(str(x) for x in r))


def counts(known):
    made = [c for c in known["calls"]]
    local = {(c["caller"], c["callee"]) for c in made if c["local"] and c["direct"]}
    every = {(c["caller"], c["callee"] or c["raw"]) for c in made
             if c["direct"] and not c["internal"] and not (c["await"] and not c["local"])}
    hand = sum(i["origin"] == "hand" for i in known["implements"])
    m = known["checks"]["mir"]
    return {"implements hand": hand, "implements derive": len(known["implements"]) - hand, "call sites": len(made),
            "local pairs": len(local), "all pairs": len(every), "links": len(known["links"]),
            "in MIR too": m["both"], "only typed bodies": m["only_typed_bodies"], "only MIR": m["only_mir"]}


def table_of_truth(truths):
    keys = list(next(iter(truths.values()))[1])
    print("%-24s %-5s " % ("crate", "set") + " ".join("%17s" % k for k in keys))
    total = collections.Counter()
    for label, (group, row) in truths.items():
        total.update(row)
        print("%-24s %-5s " % (label, group) + " ".join("%17d" % row[k] for k in keys))
    print("%-24s %-5s " % ("total", "") + " ".join("%17d" % total[k] for k in keys))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--crate", action="append", default=[], help="only this one (may be given often)")
    p.add_argument("--set", choices=("dev", "held"), help="only the crates of this set")
    p.add_argument("--show", type=int, default=0, metavar="N", help="print up to N differences of each class (dev only)")
    p.add_argument("--show-held", action="store_true", help="let --show print held crates too; they are no longer held then")
    p.add_argument("--index-option", action="append", default=[], metavar="OPTION",
                  help="given to `parseltongue index`, as --index-option=--no-dependencies")
    p.add_argument("--candidates", action="store_true", help="count candidate edges too")
    p.add_argument("--binary", default=os.path.join(corpus.ROOT, "build", "release", "parseltongue"))
    p.add_argument("--export", help="a jsonl file instead of running the binary; with one --crate")
    p.add_argument("--truth-only", action="store_true")
    p.add_argument("--rebuild", action="store_true", help="ask rustc again, whatever is kept")
    args = p.parse_args()
    crates = [c for c in corpus.load() if (not args.crate or c.name in args.crate or c.label in args.crate)
              and (not args.set or c.group == args.set)]
    if not crates:
        sys.exit("no such crate in crates.txt")
    corpus.fetch(crates)
    known, failed = {}, {}
    for c in crates:
        try:
            known[c.label] = truth.build(c, args.rebuild)
        except (RuntimeError, SystemExit) as e:
            failed[c.label] = "truth: " + str(e)
            print("no truth for %s: %s" % (c.label, e), file=sys.stderr)
    truths = {c.label: (c.group, counts(known[c.label])) for c in crates if c.label in known}
    if args.truth_only:
        table_of_truth(truths)
        sys.exit(1 if failed else 0)
    if not args.export and not os.path.exists(args.binary):
        sys.exit("no binary: run make build first, or give --binary")
    others = [truth.cached(c) for c in corpus.load()]
    heads = heads_of([k for k in others if k] or list(known.values()))
    result = {"crates": {}, "failed": failed}
    total = {g: collections.defaultdict(compare.Score) for g in ("dev", "held", "all")}
    split_total = collections.defaultdict(lambda: collections.defaultdict(compare.Score))
    each = collections.defaultdict(list)
    for c in crates:
        if c.label not in known:
            continue
        try:
            figures, splits, notes = judge(args, c, known[c.label], heads)
        except (RuntimeError, subprocess.TimeoutExpired, ValueError, KeyError) as e:
            failed[c.label] = "ours: %s: %s" % (type(e).__name__, e)
            print("%s: %s" % (c.label, failed[c.label]), file=sys.stderr)
            continue
        print("\n%s  (%s)\n%s" % (c.label, c.group, HEADER))
        for key in FIGURES:
            s = figures[key]
            print(line(" ".join(key), s))
            if key[0] == "implements" and not c.implements:
                continue
            for g in (c.group, "all"):
                total[g][key].add(s)
            each[key].append(s)
        for name, cells in splits.items():
            for k, s in cells.items():
                split_total[name][k].add(s)
        print("  " + json.dumps(notes))
        if args.show:
            if c.group == "dev" or args.show_held:
                show(figures, args.show)
            else:
                print("  (held: differences are not shown)")
        result["crates"][c.label] = {"set": c.group, "figures": {" ".join(k): figures[k].row() for k in FIGURES},
                                     "notes": notes, "truth": truths[c.label][1]}
    for g in ("dev", "held", "all"):
        if total[g]:
            print("\ntotal of %s\n%s" % ({"all": "all crates"}.get(g, g + " crates"), HEADER))
            for key in FIGURES:
                print(line(" ".join(key), total[g][key]))
    print("\nmedian of crates %35s %6s %6s %6s" % ("crates", "prec", "recall", "F1"))
    medians = {}
    for key in FIGURES:
        row = {m: [getattr(s, m) for s in each[key] if getattr(s, m) is not None] for m in ("precision", "recall", "f1")}
        medians[" ".join(key)] = {m: statistics.median(v) if v else None for m, v in row.items()}
        print("%-45s %6d %s %s %s" % ((" ".join(key), len(each[key])) +
                                       tuple(pct(medians[" ".join(key)][m]) for m in ("precision", "recall", "f1"))))
    for name, cells in split_total.items():
        print("\n%s\n%s" % (name, HEADER))
        for k in sorted(cells):
            print(line("  " + str(k), cells[k]))
    result["total"] = {g: {" ".join(k): s.row() for k, s in t.items()} for g, t in total.items() if t}
    result["median"] = medians
    result["splits"] = {n: {k: s.row() for k, s in cells.items()} for n, cells in split_total.items()}
    if os.environ.get("OUT"):
        with open(os.environ["OUT"], "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1, sort_keys=True)
            f.write("\n")
    if failed:
        print("\nfailed: " + json.dumps(failed))
        sys.exit(1)


if __name__ == "__main__":
    main()
