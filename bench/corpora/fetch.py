#!/usr/bin/env python3
"""Brings the real-world Rust sources that tests and benches read to build/corpora/.

  fetch.py                 crates of crates.txt -> build/corpora/crates/<name>-<version>/, and lists of files
  fetch.py --resolve N...  prints a new crates.txt: the newest versions of the named crates and all they depend on

Everything goes through cargo itself: a scratch manifest pins each crate with `=version`, `cargo fetch` downloads and
checks it, and the unpacked source is copied from cargo's own cache. A second run finds every folder in place and ends
at once. What it writes, all under build/corpora/:

  crates/<name>-<version>/      the sources, as published
  lists/crates-<edition>.txt    one absolute path of an .rs file a line, by the crate's edition
  lists/rust-src-<tree>.txt     the same for Debian's rust-src (compiler, library), when that package is installed
  lists/corpora.json            the lists, with edition, files and bytes
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
OUT = os.path.join(BUILD, "corpora")
PLATFORM = "x86_64-unknown-linux-gnu"
# Machine-made bindings of many megabytes, of which one file is like the next: they would outweigh everything else.
SKIP = re.compile(r"^(windows.*|winapi.*|web-sys|linux-raw-sys|aws-lc-sys|objc2.*)$")
SKIP_VERSIONS = {("glam", "0.30"), ("glam", "0.31"), ("glam", "0.32")}


def rust_src_root():
    """Debian's rust-src package, or $RUST_SRC; None when there is none."""
    for root in (os.environ.get("RUST_SRC"), "/usr/lib/rustlib/src/rust"):
        if root and os.path.isdir(os.path.join(root, "library", "core")):
            return os.path.realpath(root)
    return None


def read_pins():
    pins = []
    with open(os.path.join(HERE, "crates.txt"), encoding="utf-8") as f:
        for line in f:
            line = line.split("#", 1)[0].strip()
            if line:
                name, version = line.split("=", 1)
                pins.append((name, version))
    return pins


def write_manifest(folder, dependencies):
    os.makedirs(os.path.join(folder, "src"), exist_ok=True)
    open(os.path.join(folder, "src", "lib.rs"), "w").close()
    text = '[package]\nname = "corpora"\nversion = "0.0.0"\nedition = "2021"\n\n[workspace]\n\n[dependencies]\n'
    with open(os.path.join(folder, "Cargo.toml"), "w", encoding="utf-8") as f:
        f.write(text + "".join(dependencies))


def cargo(folder, *arguments, capture=False):
    command = ["cargo", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE if capture else None)
    return done.stdout


def packages(folder):
    data = json.loads(cargo(folder, "metadata", "--format-version", "1", "--offline", "--filter-platform", PLATFORM,
                            capture=True))
    reached = {node["id"] for node in data["resolve"]["nodes"]}
    return [p for p in data["packages"] if p["source"] and p["id"] in reached]


def resolve(names):
    folder = os.path.join(OUT, "resolve")
    write_manifest(folder, [f'{name} = "*"\n' for name in sorted(set(names))])
    cargo(folder, "generate-lockfile", "--quiet")
    cargo(folder, "fetch", "--quiet", "--target", PLATFORM)
    for p in sorted(packages(folder), key=lambda p: (p["name"], p["version"])):
        minor = ".".join(p["version"].split(".")[:2])
        if not SKIP.match(p["name"]) and (p["name"], minor) not in SKIP_VERSIONS:
            print(f'{p["name"]}={p["version"]}')


def fetch(pins):
    target = os.path.join(OUT, "crates")
    missing = [(n, v) for n, v in pins if not os.path.isdir(os.path.join(target, f"{n}-{v}"))]
    if not missing:
        return False
    # One manifest of all pins, so that cargo sees the same versions whatever is missing.
    folder = os.path.join(OUT, "scratch")
    dependencies = []
    for number, (name, version) in enumerate(pins):
        dependencies.append(f'p{number} = {{ package = "{name}", version = "={version}", default-features = false }}\n')
    write_manifest(folder, dependencies)
    cargo(folder, "fetch", "--quiet", "--target", PLATFORM)
    found = {(p["name"], p["version"]): os.path.dirname(p["manifest_path"]) for p in packages(folder)}
    os.makedirs(target, exist_ok=True)
    for name, version in missing:
        source = found.get((name, version))
        if source is None:
            sys.exit(f"fetch.py: cargo did not bring {name} {version}")
        place = os.path.join(target, f"{name}-{version}")
        shutil.rmtree(place + ".new", ignore_errors=True)
        shutil.copytree(source, place + ".new", ignore=shutil.ignore_patterns(".cargo-ok"))
        os.rename(place + ".new", place)
    return True


def rust_files(folder):
    found = []
    for base, folders, files in os.walk(folder):
        folders.sort()
        found += [os.path.join(base, f) for f in sorted(files) if f.endswith(".rs")]
    return [f for f in found if "\n" not in f and os.path.isfile(f)]


def edition_of(folder):
    with open(os.path.join(folder, "Cargo.toml"), encoding="utf-8") as f:
        match = re.search(r'^edition\s*=\s*"(\d+)"', f.read(), re.M)
    return match.group(1) if match else "2015"


def write_lists(pins):
    """Lists are made anew when the pins, the place of the checkout or rust-src changed."""
    folder = os.path.join(OUT, "lists")
    rust_src = rust_src_root()
    stamp = hashlib.sha256(json.dumps([2, pins, OUT, rust_src]).encode()).hexdigest()
    index = os.path.join(folder, "corpora.json")
    if os.path.exists(index):
        with open(index, encoding="utf-8") as f:
            known = json.load(f)
        if known["stamp"] == stamp:
            return known
    os.makedirs(folder, exist_ok=True)
    groups = {}
    for name, version in pins:
        place = os.path.join(OUT, "crates", f"{name}-{version}")
        edition = edition_of(place)
        groups.setdefault(("crates", edition), []).extend(rust_files(place))
    if rust_src:
        for tree in ("compiler", "library"):
            groups[(f"rust-src-{tree}", "2021")] = rust_files(os.path.join(rust_src, tree))
    lists = []
    for (corpus, edition), files in sorted(groups.items()):
        name = f"{corpus}-{edition}" if corpus == "crates" else corpus
        with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8") as f:
            f.writelines(path + "\n" for path in files)
        lists.append({"corpus": corpus, "edition": edition, "list": name + ".txt", "files": len(files),
                      "bytes": sum(os.path.getsize(path) for path in files)})
    known = {"stamp": stamp, "rust_src": rust_src, "lists": lists}
    with open(index, "w", encoding="utf-8") as f:
        json.dump(known, f, indent=1)
    return known


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolve", nargs="+", metavar="NAME", help="print a new crates.txt for these crates")
    options = parser.parse_args()
    if options.resolve:
        resolve(options.resolve)
        return
    pins = read_pins()
    fetch(pins)
    known = write_lists(pins)
    print(f'{"list":<24}{"edition":>8}{"files":>8}{"MB":>8}')
    for entry in known["lists"]:
        print(f'{entry["list"][:-4]:<24}{entry["edition"]:>8}{entry["files"]:>8}{entry["bytes"] / 1e6:>8.1f}')
    print(f"{len(pins)} crates under build/corpora/crates")
    if known["rust_src"] is None:
        print("rust-src is not installed (apt-get install rust-src): compiler and library trees are left out")


if __name__ == "__main__":
    main()
