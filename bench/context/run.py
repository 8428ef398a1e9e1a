#!/usr/bin/env python3
"""Context of real commits: asked about one item that a commit touched, does the answer hold the others, within 4,000 tokens?

  run.py [--repo GITDIR] [--commits N] [--seed S] [--binary FILE] [--methods LIST] [--show N] [--out FILE]

Commits are taken from a project's whole history in an order of the seed's: no merges, none that sweeps over the code base (more than 12
files or 600 lines of Rust, more than 2 renames), with 2 to 12 items touched that were there before, not only tests. The tree before the
commit is exported and indexed, without the sources of dependencies, which are not the same on every machine; each changed line counts
for the innermost item around it, an impl only when there is nothing smaller; comments and attributes above an item are its own.

  one left out   each touched item (at most 6 a commit, spread over them) is asked about: the share of the other touched items in the answer
  by halves      one half of the touched items is asked about at once, then the other: the share of the half not asked about

A commit counts once: the mean of its questions. Methods, each with 4,000 tokens:

  parseltongue   `context FILE:LINE ... --format compact --no-daemon`; an item is told by a row of its own, or by all of its lines in a quote
  grep           the item's name as a word in all Rust files, 10 lines above and below each hit, files with most hits first; an item is told when
                 one of its first three lines is quoted
  codegraph      colbymchenry's, pinned in bench/accuracy/peers: `explore` of its MCP server, asked with the names and files, cut to the
                 budget; told as with grep, or by a place in its lists

Two lenient rules stand beside it, the same for all: "any line", some line of the item is quoted or its path is a row's (a twin of
another cfg has the same); "named", its name and its file both stand in the answer, maybe apart from each other. "of files" is the
answer's tokens beside those of the whole files that it is from. Times are of one question: a process for the first two, a server that
is there already for the third. Tokens are those of o200k_base when bpe-openai (0.1.4) is installed. No answer of parseltongue may
exceed the budget: the run fails then. The last table has what is told of pairs of items (asked about, other), by what they are to each
other; an edge is told as seen from the item asked about.
"""
import argparse
import collections
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

from commits import Unable, choose
from methods import BUDGET, COUNTER, Codegraph, Grep, Parseltongue, tokens

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
PROJECT = "https://github.com/tokio-rs/tokio"
SEEDS = 6  # questions of a commit, at most
MODES = {"left_out": "one left out", "halves": "by halves"}


def stop(text):
    sys.exit(f"bench: {text}")


def repository():
    """The project's, cloned once."""
    folder = os.path.join(BUILD, "bench", "context", "tokio.git")
    if not os.path.isdir(folder):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        done = subprocess.run(["git", "clone", "--quiet", "--bare", PROJECT, folder + ".part"], capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(folder + ".part", ignore_errors=True)
            stop(f"{PROJECT} cannot be cloned ({' '.join(done.stderr.split())[-120:]}): name a clone of it, or of another project, with --repo")
        os.rename(folder + ".part", folder)
    return folder


def git_dir(repo):
    inner = os.path.join(repo, ".git")
    return os.path.abspath(inner if os.path.exists(inner) else repo)


def questions(commit, items):
    """-> [(mode, items asked about, items to find)]"""
    seeds = [items[n * len(items) // SEEDS] for n in range(SEEDS)] if len(items) > SEEDS else items
    found = [("left_out", [seed], [item for item in items if item is not seed]) for seed in seeds]
    shuffled = list(items)
    random.Random(commit.name).shuffle(shuffled)
    half = len(shuffled) // 2
    one, other = sorted(shuffled[:half], key=items.index), sorted(shuffled[half:], key=items.index)
    return found + [("halves", one, other), ("halves", other, one)]


def kind_of_pair(tree, one, other):
    """What is told of a pair in the last table: {heading: value}."""
    steps, edge = tree.distance(one, other)
    return {"way": edge or (f"{steps} steps" if steps < 4 else "4 steps or more"), "place": tree.place(one, other),
            "other": ("test" if other.test else "comments only" if other.told_only else other.kind),
            "name": "the same path" if one.path == other.path else "the same name" if one.name == other.name else "another name"}


def asked(method, tree, commit, items, sizes):
    """-> one record for each question."""
    records = []
    for mode, seeds, others in questions(commit, items):
        answer = method.ask(seeds)
        whole = sum(sizes.setdefault(file, tokens("\n".join(tree.text(file)))) for file in answer.files())
        told = [other for other in others if answer.tells(other)]
        records.append({"mode": mode, "asked": [str(item) for item in seeds], "missed": [str(item) for item in others if item not in told],
                        "recall": len(told) / len(others), "any_line": sum(answer.touches(other) for other in others) / len(others),
                        "named": sum(answer.names(other) for other in others) / len(others),
                        "tokens": answer.tokens, "files_tokens": whole, "ms": answer.milliseconds, "failed": answer.failed,
                        "pairs": [dict(kind_of_pair(tree, seeds[0], other), told=other in told) for other in others] if mode == "left_out" else []})
    return records


def measured(method, tree, commit, items):
    method.open(tree)
    try:
        return asked(method, tree, commit, items, {})
    finally:
        method.close()


def of(values, percent):
    return sorted(values)[int((len(values) - 1) * percent / 100)] if values else 0


def figures(commits, label, mode):
    """Over the commits: the means of each one's questions."""
    groups = [[r for r in c["methods"][label] if r["mode"] == mode] for c in commits if label in c["methods"]]
    if not groups:
        return None
    recalls, rows = [statistics.mean(r["recall"] for r in g) for g in groups], [r for g in groups for r in g]
    return {"commits": len(groups), "questions": len(rows), "recall_mean": statistics.mean(recalls), "recall_median": statistics.median(recalls),
            **{f"{rule}_mean": statistics.mean(statistics.mean(r[rule] for r in g) for g in groups) for rule in ("any_line", "named")},
            "tokens_median": of([r["tokens"] for r in rows], 50),
            "tokens_most": max(r["tokens"] for r in rows), "of_files_median": of([r["tokens"] / r["files_tokens"] for r in rows if r["files_tokens"]], 50),
            "p50_ms": of([r["ms"] for r in rows], 50), "p99_ms": of([r["ms"] for r in rows], 99), "failed": sum(bool(r["failed"]) for r in rows)}


def by_pair(commits, label):
    counts = collections.defaultdict(lambda: [0, 0])
    for record in (r for c in commits for r in c["methods"].get(label, [])):
        for pair in record["pairs"]:
            for heading in ("way", "place", "other", "name"):
                counts[heading, pair[heading]][0] += 1
                counts[heading, pair[heading]][1] += pair["told"]
    return counts


def tables(summary, unable, commits, label, show):
    for mode, title in MODES.items():
        print(f"\n{title:22} recall  median  any line   named   tokens  of files      p50 ms    p99 ms   questions")
        for name, per_mode in summary.items():
            f = per_mode[mode]
            if f:
                print(f"  {name:20} {f['recall_mean']:6.3f}  {f['recall_median']:6.3f}  {f['any_line_mean']:8.3f}  {f['named_mean']:6.3f}  "
                      f"{f['tokens_median']:7,}  {f['of_files_median']:8.1%}  {f['p50_ms']:10.1f}{f['p99_ms']:10.1f}  {f['questions']:10}" + (f"   {f['failed']} failed" if f["failed"] else ""))
    for name, why in unable.items():
        print(f"  {name} not measured: {why}")
    print(f"\npairs of {label}, one left out")
    for (heading, value), (pairs, told) in sorted(by_pair(commits, label).items(), key=lambda row: (row[0][0], -row[1][0])):
        print(f"  {heading:6} {value:28} {pairs:6} pairs  {told:6} told  {pairs - told:6} missed  {told / pairs:6.1%}")
    means = sorted((statistics.mean(r["recall"] for r in c["methods"][label] if r["mode"] == "left_out"), c["commit"], c)
                   for c in commits if label in c["methods"])
    for mean, _, commit in means[:show]:
        print(f"\n{commit['commit'][:12]} {commit['subject']}: recall {mean:.2f}")
        for record in commit["methods"][label]:
            if record["mode"] == "left_out" and (record["missed"] or record["failed"]):
                print(f"  asked {record['asked'][0]}" + (f": {record['failed']}" if record["failed"] else ""))
                missed = iter([p for p in record["pairs"] if not p["told"]])
                for item in record["missed"]:
                    pair = next(missed)
                    print(f"    missed {item} ({pair['way']}, {pair['place']})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", help="a git directory with history (default: tokio's, cloned)")
    parser.add_argument("--commits", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", default=os.path.join(BUILD, "release", "parseltongue"))
    parser.add_argument("--methods", default="parseltongue,grep,codegraph")
    parser.add_argument("--show", type=int, default=0, help="as many commits with the lowest recall")
    parser.add_argument("--out")
    options = parser.parse_args()
    if not os.access(options.binary, os.X_OK):
        stop(f"{options.binary} is not there")
    repo = git_dir(options.repo or repository())
    work, unable, methods = tempfile.mkdtemp(prefix="context-"), {}, []
    makers = {"parseltongue": (Parseltongue, lambda: Parseltongue(os.path.abspath(options.binary))), "grep": (Grep, Grep),
              "codegraph": (Codegraph, lambda: Codegraph(HERE, work))}
    commits = []
    try:
        for name in options.methods.split(","):
            kind, make = makers.get(name) or stop(f"no such method: {name}")
            try:
                methods.append(make())
            except Exception as e:  # whatever keeps a peer from being installed is told, and the others go on
                unable[kind.LABEL] = f"{type(e).__name__}: {e}"
        for commit, tree, items in choose(repo, options.commits, options.seed, work, os.path.abspath(options.binary)):
            record = {"commit": commit.name, "parent": commit.parent, "subject": commit.subject, "items": [str(item) for item in items],
                      "methods": {}}
            for method in methods:
                try:
                    record["methods"][method.LABEL] = measured(method, tree, commit, items)
                except Exception as e:
                    if isinstance(method, (Parseltongue, Grep)):
                        raise
                    unable[method.LABEL] = f"{commit.name[:12]}: {type(e).__name__}: {e}"
            commits.append(record)
            print(f"  {len(commits):3} {commit.name[:12]} {len(items):2} items   {commit.subject[:90]}", flush=True)
    except Unable as e:
        stop(str(e))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if not commits:
        stop("no commit of this history will do")
    summary = {m.LABEL: {mode: figures(commits, m.LABEL, mode) for mode in MODES} for m in methods}
    print(f"\n{len(commits)} commits, {sum(len(c['items']) for c in commits)} items touched; seed {options.seed}; tokens: {COUNTER}")
    tables(summary, unable, commits, methods[0].LABEL, options.show)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump({"seed": options.seed, "counter": COUNTER, "methods": summary, "not_measured": unable, "commits": commits}, f, indent=1)
            f.write("\n")
    ours = [f["tokens_most"] for f in summary.get(Parseltongue.LABEL, {}).values() if f]
    if ours:
        print(f"\nthe largest answer of parseltongue: {max(ours):,} tokens, of {BUDGET:,}")
        if COUNTER.startswith("o200k") and max(ours) > BUDGET:
            stop("an answer is larger than its budget")


if __name__ == "__main__":
    main()
