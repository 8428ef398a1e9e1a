#!/usr/bin/env python3
"""Our front end against tree-sitter-rust: how many MB of Rust a second, on one thread, over the same files in one run.

  bench.py [--corpus NAME...] [--runs N]        OUT=file writes the numbers as JSON

Ours is `pt-frontend bench`: lexing, parsing and noting the facts of every item; its reading of the files is not counted.
tree-sitter is its C library with its Rust grammar, both from the npm packages that tests/judge pins, compiled with -O3:
parsing alone, reading not counted, no facts taken from the tree. The two take turns; told is the median of the runs.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
sys.path.insert(0, os.path.join(ROOT, "tests", "judge"))
import compare  # noqa: E402


def build_judge():
    compare.install()
    modules = os.path.join(BUILD, "judge", "node_modules")
    library = os.path.join(modules, "tree-sitter", "vendor", "tree-sitter", "lib")
    grammar = os.path.join(modules, "tree-sitter-rust", "src")
    program = os.path.join(BUILD, "judge", "tree_sitter_bench")
    sources = [os.path.join(HERE, "tree_sitter_bench.c"), os.path.join(library, "src", "lib.c"),
               os.path.join(grammar, "parser.c"), os.path.join(grammar, "scanner.c")]
    newest = max(os.path.getmtime(source) for source in sources)
    if not os.path.exists(program) or os.path.getmtime(program) < newest:
        subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O3", "-w",
                        "-I" + os.path.join(library, "include"), "-I" + os.path.join(library, "src"), "-I" + grammar,
                        *sources, "-o", program], check=True)
    return program


def lists(wanted):
    subprocess.run([sys.executable, os.path.join(ROOT, "bench", "corpora", "fetch.py")], check=True,
                   stdout=subprocess.DEVNULL)
    folder = os.path.join(BUILD, "corpora", "lists")
    with open(os.path.join(folder, "corpora.json"), encoding="utf-8") as f:
        known = json.load(f)["lists"]
    for entry in known:
        name = entry["list"][:-4]
        if name in wanted or entry["corpus"] in wanted:
            yield name, entry["edition"], os.path.join(folder, entry["list"])


def measure(command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", nargs="+", default=["rust-src-compiler", "rust-src-library"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tool", default=os.path.join(BUILD, "release", "pt-frontend"))
    options = parser.parse_args()
    judge = build_judge()
    result = {"runs": options.runs, "corpora": {}}
    rows = [("corpus", "files", "MB", "lex", "parse", "facts", "ours MB/s", "tree-sitter MB/s", "ratio")]
    for name, edition, path in lists(options.corpus):
        ours, theirs = [], []
        for _ in range(options.runs):
            ours.append(measure([options.tool, "bench", "--edition", edition, "@" + path]))
            theirs.append(measure([judge, "@" + path]))
        middle = {key: statistics.median(run[key] for run in ours) for key in ours[0]}
        other = {key: statistics.median(run[key] for run in theirs) for key in theirs[0]}
        if middle["bytes"] != other["bytes"]:
            sys.exit(f'bench.py: {name}: ours read {middle["bytes"]} bytes, tree-sitter {other["bytes"]}')

        def speed(ms):
            return middle["bytes"] / 1e3 / ms if ms else 0.0

        total, peer = speed(middle["total_ms"]), other["mb_per_s"]
        rows.append((name, middle["files"], f'{middle["bytes"] / 1e6:.1f}', f'{middle["lex_ms"]:.0f} ms',
                     f'{middle["parse_ms"]:.0f} ms', f'{middle["facts_ms"]:.0f} ms', f"{total:.1f}", f"{peer:.1f}",
                     f"{total / peer:.1f} x"))
        result["corpora"][name] = {"ours": middle, "tree_sitter": other, "ratio": total / peer}
    compare.table(rows)
    if os.environ.get("OUT"):
        with open(os.environ["OUT"], "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)


if __name__ == "__main__":
    main()
