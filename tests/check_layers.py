#!/usr/bin/env python3
"""Holds the shape of the code: which folder may include which, that every header opens with a comment, that no source
file outgrows what one person can hold in mind, and that no tracked file names a place on somebody's machine."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# From the bottom up. A file may include its own folder and every folder of a lower rank; folders of equal rank
# (the front ends) do not see each other.
LAYERS = [["base"], ["workspace"], ["rust"], ["facts"], ["resolve"], ["graph"], ["store"], ["merkle"], ["query"],
          ["export"], ["live"], ["diff"], ["mcp"], ["serve", "lsp"], ["cli"]]  # cli starts the others
RANK = {folder: rank for rank, group in enumerate(LAYERS) for folder in group}
SHARED = {"xid_tables.h", "dashboard_assets.h", "parseltongue.h"}
MOST_LINES, MANY_LINES = 1200, 800

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
# Written with brackets so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.$}*-])/(?:[w]ork|[f]arm|[r]oot)/|/[h]ome/[a-z]+/")


def project_files():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "-co", "--exclude-standard"], capture_output=True)
    if listed.returncode == 0:
        names = [n for n in listed.stdout.decode("utf-8", "surrogateescape").split("\0") if n]
        return sorted({n for n in names if os.path.isfile(os.path.join(ROOT, n))})
    found = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [d for d in inner if d not in ("build", ".git", "node_modules", "__pycache__", ".parseltongue")]
        found += [os.path.relpath(os.path.join(folder, n), ROOT) for n in names]
    return sorted(found)


def check_includes(name, text):
    folder = name.split("/")[1]
    if folder not in RANK:
        yield f"{name}: folder src/{folder} has no place in the layer order"
        return
    for match in INCLUDE.finditer(text):
        target, line = match.group(1), text.count("\n", 0, match.start(1)) + 1
        where = f"{name}:{line}"
        if target in SHARED:
            continue
        if ".." in target.split("/"):
            yield f'{where}: "{target}" climbs out of its folder; include from the src/ root'
            continue
        if "/" not in target:
            if not os.path.isfile(os.path.join(ROOT, "src", folder, target)):
                yield f'{where}: "{target}" is not in src/{folder}'
            continue
        other = target.split("/")[0]
        if other not in RANK:
            yield f'{where}: "{target}" is in no known layer'
        elif other != folder and RANK[other] >= RANK[folder]:
            kind = "beside" if RANK[other] == RANK[folder] else "above"
            yield f'{where}: src/{folder} may not include "{target}": {other} is {kind} it'


def check_source(name, text):
    if name.endswith(".h") and not text.lstrip().startswith(("/*", "//")):
        yield f"{name}: a header opens with a comment that says what it is for"
    lines = text.count("\n")
    if lines > MOST_LINES:
        yield f"{name}: {lines} lines, at most {MOST_LINES}"
    if name.count("/") >= 2:
        yield from check_includes(name, text)


def main():
    problems, warnings, sources, files = [], [], 0, project_files()
    for name in files:
        with open(os.path.join(ROOT, name), "rb") as handle:
            raw = handle.read()
        if b"\0" in raw[:4096]:
            continue
        text = raw.decode("utf-8", "replace")
        for match in MACHINE_PATH.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            problems.append(f"{name}:{line}: names a path of one machine: {match.group(0)}")
        if name.startswith("src/") and name.endswith((".c", ".h")):
            sources += 1
            problems += check_source(name, text)
            if MANY_LINES < text.count("\n") <= MOST_LINES:
                warnings.append(f"{name}: {text.count(chr(10))} lines, better below {MANY_LINES}")
    for line in warnings:
        print("warning:", line)
    for line in problems:
        print("error:", line)
    print(f"layers: {sources} source files, {len(files)} project files, {len(problems)} problems")
    return 1 if problems or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
