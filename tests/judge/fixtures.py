#!/usr/bin/env python3
"""Runs pt-frontend over the small inputs of tests/fixtures and holds what it finds against what is written beside them.

  fixtures.py [--tool build/release/pt-frontend] [NAME...]     exit code 0 when all hold
  fixtures.py --write                                          ask rustc's parser anew what syntax/ holds
  fixtures.py --unpack                                         only write broken/generated.json's inputs under build/

tests/fixtures/syntax/NAME.rs    valid Rust, one area of syntax each; the edition stands in a line `// edition: 2021`.
    NAME.items.json  all items rustc's parser finds: ours must be the same, and `check` must tell no syntax error.
tests/fixtures/broken/NAME.rs    broken inputs, and recipes for long ones in generated.json.
    NAME.items.json  items (kind and name) that stand beyond dispute: they must be among ours; more may be.
    The tool must end well within the time limit and, unless the input is only odd and not wrong, tell a syntax error.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
SYNTAX = os.path.join(ROOT, "tests", "fixtures", "syntax")
BROKEN = os.path.join(ROOT, "tests", "fixtures", "broken")
UNPACKED = os.path.join(BUILD, "fixtures", "broken")
TIME_LIMIT = 2.0
# In broken/ for what they do to a parser, not for being wrong: the tool need not complain.
NOT_WRONG = re.compile(r"empty_file|only_.*|deep_.*|many_attributes|long_.*|attribute_before_end|stray_semicolons|bad_.*"
                       r"|many_hashes|invalid_utf8.*|nul_bytes|control_characters|doc_comment_misplaced|lone_carriage_returns")


def edition_of(path):
    with open(path, "rb") as f:
        match = re.search(rb"edition: (\d{4})", f.read())
    return match.group(1).decode() if match else "2021"


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def write_sidecars(names):
    sys.path.insert(0, HERE)
    import referee
    for path in inputs(SYNTAX, names):
        items, error = referee.ask(path, edition_of(path))
        if error:
            print(f"{os.path.basename(path)}: {error}")
            continue
        rows = [json.dumps(dict(zip(("kind", "name", "line", "end_line"), item)), ensure_ascii=False)
                for item in sorted(items, key=lambda i: (i[2], i[3], i[0], i[1]))]
        with open(path[:-3] + ".items.json", "w", encoding="utf-8") as f:
            f.write("[\n  " + ",\n  ".join(rows) + "\n]\n" if rows else "[]\n")


def inputs(folder, names):
    found = sorted(f for f in os.listdir(folder) if f.endswith(".rs"))
    return [os.path.join(folder, f) for f in found if not names or f[:-3] in names]


def unpack():
    os.makedirs(UNPACKED, exist_ok=True)
    for entry in load(os.path.join(BROKEN, "generated.json"))["inputs"]:
        path = os.path.join(UNPACKED, entry["name"])
        with open(path + ".rs", "w", encoding="utf-8") as f:
            f.write("".join(text * times for text, times in entry["parts"]))
        with open(path + ".items.json", "w", encoding="utf-8") as f:
            json.dump([dict(zip(("kind", "name"), (item + " ").split(" ")[:2])) for item in entry["items"]], f)


def run(tool, command, edition, path):
    start = time.monotonic()
    try:
        done = subprocess.run([tool, command, "--edition", edition, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60)
    except subprocess.TimeoutExpired:
        return None, "did not end within 60 s"
    spent = time.monotonic() - start
    if done.returncode != 0:
        return None, f"{command} ended with {done.returncode} {done.stderr.decode('utf-8', 'replace')[:200]}"
    if done.stderr:
        return None, f"{command} complained: {done.stderr.decode('utf-8', 'replace').strip()[:200]}"
    if spent > TIME_LIMIT:
        return None, f"{command} took {spent:.1f} s"
    return done.stdout.decode("utf-8", "replace"), None


def show(items):
    return ", ".join(" ".join(str(part) for part in item) for item in sorted(items.elements(), key=lambda i: (i[2:], i))[:6])


def test(tool, path, exact):
    edition = edition_of(path)
    wanted = load(path[:-3] + ".items.json")
    out, failure = run(tool, "items", edition, path)
    if failure:
        return failure
    keys = ("kind", "name", "line", "end_line") if exact else ("kind", "name")
    try:
        found = collections.Counter(tuple(i[k] for k in keys) for i in map(json.loads, out.splitlines()))
    except (ValueError, KeyError) as e:
        return f"its output is no JSON lines: {e}"
    expected = collections.Counter(tuple(i[k] for k in keys) for i in wanted)
    complaints = []
    if expected - found:
        complaints.append(f"missing: {show(expected - found)}")
    if exact and found - expected:
        complaints.append(f"too many: {show(found - expected)}")
    out, failure = run(tool, "check", edition, path)
    if failure:
        return failure
    errors = [line for line in out.splitlines() if line.startswith("error ")]
    if exact and errors:
        complaints.append(f"syntax error told: {errors[0].replace(path, os.path.basename(path))}")
    if not exact and not errors and not NOT_WRONG.fullmatch(os.path.basename(path)[:-3]):
        complaints.append("no syntax error told")
    return "; ".join(complaints) or None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=os.path.join(BUILD, "release", "pt-frontend"))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--unpack", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.write:
        return write_sidecars(options.names)
    unpack()
    if options.unpack:
        return None
    failed = total = 0
    for folder, exact in ((SYNTAX, True), (BROKEN, False), (UNPACKED, False)):
        for path in inputs(folder, options.names):
            total += 1
            complaint = test(options.tool, path, exact)
            if complaint:
                failed += 1
                print(f"FAILED {os.path.basename(folder)}/{os.path.basename(path)}: {complaint}")
    print(f"{total - failed} of {total} fixtures hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
