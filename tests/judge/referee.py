#!/usr/bin/env python3
"""Prints the items of Rust files as rustc's own parser reads them: the last word where ours and tree-sitter disagree.

  referee.py [--edition E] [--jobs N] @LIST | FILE...

rustc dumps its syntax tree (`-Zunpretty=ast-tree`, allowed on any toolchain by RUSTC_BOOTSTRAP=1), which happens before
macros are expanded, `cfg` is applied or other files are read. From that dump come the same JSON lines as from
`pt-frontend items`, and for a file that rustc does not accept one line {"file","rejected":"<first error>"}. A dump is a
hundred times its source and takes about half a second for 100 KB, hence not everything is asked: compare.py asks about
the files where the two others differ.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys

OPEN = re.compile(rb"^( *)(Item|Variant|FieldDef) \{$", re.M)
SPAN = re.compile(rb"[^\n]*?:(\d+):\d+: (\d+):\d+ \(#\d+\),\n")

KINDS = {
    "Mod": "module", "Struct": "struct", "Enum": "enum", "Union": "union", "Trait": "trait",
    "TraitAlias": "trait_alias", "Impl": "impl", "Fn": "fn", "Const": "const", "Static": "static", "TyAlias": "type_alias",
    "Type": "type_alias", "MacroDef": "macro",
    "Use": "use", "ExternCrate": "extern_crate", "MacCall": "macro_call",
}
ASSOCIATED = {"fn": "method", "const": "assoc_const", "type_alias": "assoc_type"}
# Where an item's own name stands: as a bare line 8 columns right of `Item {`, or as `ident: name` 12 columns right.
BARE = ("Mod", "Struct", "Enum", "Union", "MacroDef", "ExternCrate")
NAMED = ("Fn", "Const", "Static", "TyAlias", "Type", "Trait", "TraitAlias")


def after(dump, start, end, indent, word):
    """Where the text after the first line `word...` at this indent begins, or -1."""
    needle = b"\n" + b" " * indent + word
    at = dump.find(needle, start, end)
    return -1 if at < 0 else at + len(needle)


def line_from(dump, at):
    return dump[at:dump.index(b"\n", at)]


def name_in(dump, opened, kind, start, end, indent):
    if opened == b"Variant":
        at = after(dump, start, end, indent + 4, b"ident: ")
    elif opened == b"FieldDef":
        at = after(dump, start, end, indent + 4, b"ident: Some(\n" + b" " * (indent + 8))
    elif kind in NAMED:
        at = after(dump, start, end, indent + 12, b"ident: ")
    elif kind == "MacCall":
        # the last segment of the path, which stands before the arguments
        stop = after(dump, start, end, indent + 12, b"args: ")
        at = dump.rfind(b" ident: ", start, stop) + len(b" ident: ")
    elif kind == "ExternCrate" and dump.startswith(b"(\n" + b" " * (indent + 8) + b"Some(\n", start + len(kind)):
        # `extern crate a as b`: the name is what is named, and that stands as a string
        return line_from(dump, dump.index(b'"', start) + 1).rsplit(b'"', 1)[0].decode("utf-8", "replace")
    elif kind in BARE:
        match = re.compile(rb"^ {%d}(?=[^\s:(){}]+#\d+,$)" % (indent + 8), re.M).search(dump, start, end)
        at = match.end() if match else -1
    else:
        return ""
    if at < 0:
        return None
    name = line_from(dump, at).rsplit(b"#", 1)[0].decode("utf-8", "replace")
    return name[2:] if name.startswith("r#") else name


def items_of(dump):
    """The dump is indented by four columns a level; an entry is closed by the brace in its own column."""
    found, owners = [], []
    for m in OPEN.finditer(dump):
        start, indent, opened = m.end(), len(m[1]), m[2]
        end = dump.index(b"\n" + b" " * indent + b"}", start)
        while owners and owners[-1][0] <= start:
            owners.pop()
        span = SPAN.match(dump, after(dump, start, end, indent + 4, b"span: "))
        if opened == b"Item":
            at = after(dump, start, end, indent + 4, b"kind: ")
            variant = re.match(r"\w+", line_from(dump, at).decode()).group()
            kind = KINDS.get(variant)
            # Members of an impl or trait stand exactly 16 columns right of it, what is nested in bodies stands deeper.
            if kind in ASSOCIATED and owners and owners[-1][2] in ("Impl", "Trait") and indent - owners[-1][1] == 16:
                kind = ASSOCIATED[kind]
            name = name_in(dump, opened, variant, at, end, indent)
            owners.append((end, indent, variant))
        else:
            kind = "variant" if opened == b"Variant" else "field"
            name = name_in(dump, opened, None, start, end, indent)
        if kind and name is not None:
            found.append((kind, name, int(span[1]), int(span[2])))
    return found


def ask(path, edition):
    """(items, None) or (None, first error)"""
    environment = dict(os.environ, RUSTC_BOOTSTRAP="1", LC_ALL="C.UTF-8")
    # A bare name would be taken for a folder-less crate; the crate's name is given, for a file's own may be no identifier.
    command = ["rustc", "--edition", edition, "--crate-type", "lib", "--crate-name", "asked", "-Zunpretty=ast-tree",
               "-Zunstable-options", "-Awarnings", path]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    items = items_of(done.stdout) if done.stdout else None
    if items is None:
        return None, done.stderr.decode("utf-8", "replace").split("\n", 1)[0][:200]
    if done.returncode != 0 and "aborting" in done.stderr.decode("utf-8", "replace"):
        return items, done.stderr.decode("utf-8", "replace").split("\n", 1)[0][:200]
    return items, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edition", default="2021")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    files = []
    for name in options.files:
        if name.startswith("@"):
            with open(name[1:], encoding="utf-8") as f:
                files += f.read().splitlines()
        else:
            files.append(name)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for path, (items, error) in zip(files, pool.map(lambda p: ask(p, options.edition), files)):
            if error:
                print(json.dumps({"file": path, "rejected": error}))
            for kind, name, line, end in sorted(items or [], key=lambda item: item[2:]):
                print(json.dumps({"file": path, "kind": kind, "name": name, "line": line, "end_line": end},
                                 ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    sys.exit(main())
