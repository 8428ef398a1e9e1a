#!/usr/bin/env python3
"""Holds our reading of Rust against tree-sitter-rust's, item by item, over rust-src and hundreds of real crates.

  compare.py [--show N] [--corpus NAME] [--json FILE]

Both sides list the items of every file as (kind, name, line, end_line); compared are the multisets. Agreement is
matched / (matched + only ours + only theirs). Files in which tree-sitter itself meets ERROR or MISSING nodes are counted
apart: there, its intact items must be found by ours, and ours is held against rustc's own parser instead (referee.py).
rustc also says who is right wherever the two differ; its answers are kept under build/judge/referee by content.

Two numbers are told: `raw` agreement, and `explained`, in which a difference counts as agreement if allow.toml has a
reason for it. An entry there applies only where rustc sides with ours (or its `verdict` says otherwise), so it cannot hide a
mistake of ours.

  --ours CMD      what lists our items, called as CMD --edition E @LIST   (default: build/release/pt-frontend items);
                  `rustc` holds tree-sitter against rustc instead, which takes an hour the first time
  --show N        print N examples of every class of difference
  --no-check      leave out `pt-frontend check`: files with a syntax error for us though rustc accepts them
  --no-referee    do not ask rustc
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
WORK = os.path.join(BUILD, "judge")
sys.path.insert(0, HERE)
import referee  # noqa: E402


def digest(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(part if isinstance(part, bytes) else part.encode())
        h.update(b"\0")
    return h.hexdigest()


def read(path):
    with open(path, "rb") as f:
        return f.read()


# --- the two sides ---------------------------------------------------------------------------------------------------

def install():
    """tree-sitter and its Rust grammar, at the versions of package.json, under build/judge/node_modules."""
    os.makedirs(WORK, exist_ok=True)
    wanted, present = os.path.join(HERE, "package.json"), os.path.join(WORK, "package.json")
    complete = os.path.isdir(os.path.join(WORK, "node_modules", "tree-sitter-rust"))
    if complete and os.path.exists(present) and read(present) == read(wanted):
        return
    shutil.copyfile(wanted, present)
    # The grammar names an older peer than the one that reads it; both ship prebuilt bindings, nothing is compiled.
    subprocess.run(["npm", "install", "--no-package-lock", "--legacy-peer-deps", "--no-audit", "--no-fund"],
                   cwd=WORK, check=True, stdout=subprocess.DEVNULL)


def their_output(entry, files, jobs):
    """Kept by script, package versions, and names, sizes and times of the files."""
    stats = [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in files]
    key = digest(read(os.path.join(HERE, "items.mjs")), read(os.path.join(HERE, "package.json")), json.dumps(stats))
    place = os.path.join(WORK, "theirs", f'{entry["name"]}-{key[:16]}.jsonl')
    if not os.path.exists(place):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place + ".new", "wb") as out:
            subprocess.run(["node", os.path.join(HERE, "items.mjs"), "--errors", "--jobs", str(jobs), "@" + entry["path"]],
                           stdout=out, check=True)
        os.rename(place + ".new", place)
        for other in os.listdir(os.path.dirname(place)):
            if other != os.path.basename(place) and re.fullmatch(re.escape(entry["name"]) + r"-[0-9a-f]{16}\.jsonl", other):
                os.remove(os.path.join(os.path.dirname(place), other))
    return place


def our_output(entry, files, command, judge, jobs):
    place = os.path.join(WORK, "ours", entry["name"] + ".jsonl")
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if command == ["rustc"]:
        place = place.replace(".jsonl", ".rustc.jsonl")
        with open(place, "w", encoding="utf-8") as out:
            for path, (items, _) in judge.ask_all([(path, entry["edition"]) for path in files], jobs).items():
                out.writelines(json.dumps(dict(zip(("file", "kind", "name", "line", "end_line"), (path, *item))),
                                          ensure_ascii=False, separators=(",", ":")) + "\n"
                               for item in (items or collections.Counter()).elements())
        return place
    with open(place, "wb") as out:
        done = subprocess.run([*command, "--edition", entry["edition"], "@" + entry["path"]], stdout=out)
    if done.returncode != 0:
        sys.exit(f'compare.py: {" ".join(command)} ended with {done.returncode} on {entry["name"]}')
    return place


FILE = re.compile(rb'^\{"file": ?"((?:[^"\\]|\\.)*)"')


def by_file(place):
    found = collections.defaultdict(list)
    for line in read(place).split(b"\n"):
        match = FILE.match(line)
        if match:
            found[match[1]].append(line)
    return found


# --- from lines to items -----------------------------------------------------------------------------------------------

def normal(item):
    """Representation only: what is written differently but means the same. Each case has its reason."""
    # None needed so far beyond what items.mjs does itself: kinds inside impls and traits, and the `;` of macro calls.
    return (item["kind"], item["name"], item["line"], item["end_line"])


def parse(lines):
    """(items, intact items, number of error nodes)"""
    items, intact, errors = collections.Counter(), collections.Counter(), 0
    for line in lines:
        item = json.loads(line)
        if "error" in item:
            errors += 1
        elif "rejected" not in item:
            key = normal(item)
            items[key] += 1
            if not item.get("tainted"):
                intact[key] += 1
    return items, intact, errors


class Referee:
    def __init__(self, on):
        self.on = on
        self.version = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE).stdout if on else b""
        self.script = read(os.path.join(HERE, "referee.py"))
        self.folder = os.path.join(WORK, "referee")

    def ask(self, path, edition):
        """(items or None, error or None)"""
        key = digest(self.version, self.script, edition, read(path))
        place = os.path.join(self.folder, key[:2], key + ".json")
        if not os.path.exists(place):
            answer = referee.ask(path, edition)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place + ".new", "w", encoding="utf-8") as f:
                json.dump(answer, f)
            os.rename(place + ".new", place)
        with open(place, encoding="utf-8") as f:
            items, error = json.load(f)
        return (None if items is None else collections.Counter(tuple(i) for i in items)), error

    def ask_all(self, questions, jobs):
        if not self.on:
            return {}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return dict(zip([path for path, _ in questions], pool.map(lambda q: self.ask(*q), questions)))


# --- differences -------------------------------------------------------------------------------------------------------

def classify(only_ours, only_theirs):
    """Pairs what is one item read two ways, so that a moved line is told as that and not as two differences."""
    pairs = []
    ours, theirs = list(only_ours.elements()), list(only_theirs.elements())

    def pair(what, same):
        for mine in list(ours):
            for other in theirs:
                if same(mine, other):
                    pairs.append((what(mine, other), mine, other))
                    ours.remove(mine)
                    theirs.remove(other)
                    break

    if len(ours) * len(theirs) < 4_000_000:
        pair(lambda a, b: f"{a[0]}: another end line", lambda a, b: a[:3] == b[:3])
        pair(lambda a, b: f"{a[0]}: another first line", lambda a, b: a[:2] == b[:2] and a[3] == b[3])
        pair(lambda a, b: f"kind {a[0]} here, {b[0]} there", lambda a, b: a[1:] == b[1:])
        pair(lambda a, b: f"{a[0]}: another name", lambda a, b: a[0] == b[0] and a[2:] == b[2:])
    return pairs + [(f"{a[0]}: only ours", a, None) for a in ours] + [(f"{b[0]}: only theirs", None, b) for b in theirs]


def verdict(mine, other, answer):
    """Who is right, as rustc reads it: ours, theirs, neither; `rejected` if it takes the file for no Rust."""
    if answer is None:
        return "unasked"
    items, error = answer
    if items is None:
        return "rejected"
    mine_right = items[mine] > 0 if mine else items[other] == 0
    their_right = items[other] > 0 if other else items[mine] == 0
    if mine_right == their_right:
        return "both" if mine_right else "neither"
    return ("ours" if mine_right else "theirs") + (" (with errors)" if error else "")


class Allowed:
    def __init__(self):
        path = os.path.join(HERE, "allow.toml")
        self.entries = tomllib.loads(read(path).decode()).get("allow", []) if os.path.exists(path) else []
        self.used = collections.Counter()

    def reason(self, cls, path, item, who):
        for index, entry in enumerate(self.entries):
            if re.fullmatch(entry.get("class", ".*"), cls) and fnmatch.fnmatch(path, entry.get("file", "*")) \
                    and re.fullmatch(entry.get("name", ".*"), item[1]) and who in entry.get("verdict", ["ours"]):
                self.used[index] += 1
                return entry["reason"]
        return None


# --- the run -----------------------------------------------------------------------------------------------------------

def corpora(options):
    index = os.path.join(BUILD, "corpora", "lists", "corpora.json")
    fetch = os.path.join(ROOT, "bench", "corpora", "fetch.py")
    subprocess.run([sys.executable, fetch], check=True, stdout=subprocess.DEVNULL)
    with open(index, encoding="utf-8") as f:
        known = json.load(f)
    entries = []
    for entry in known["lists"]:
        if not options.corpus or entry["corpus"] in options.corpus or entry["list"][:-4] in options.corpus:
            path = os.path.join(os.path.dirname(index), entry["list"])
            entries.append(dict(entry, path=path, name=entry["list"][:-4]))
    for path in options.list or []:
        name = os.path.splitext(os.path.basename(path))[0]
        entries.append({"corpus": name, "name": name, "path": os.path.abspath(path), "edition": options.edition})
    return entries


def short(path):
    for root in (os.path.join(BUILD, "corpora", "crates") + "/", "/usr/src/", ROOT + "/"):
        if path.startswith(root):
            return path[len(root):]
    return path


def compare_list(entry, options, judge, allowed, total, examples):
    with open(entry["path"], encoding="utf-8") as f:
        files = f.read().splitlines()
    theirs = by_file(their_output(entry, files, options.jobs))
    ours = by_file(our_output(entry, files, options.command, judge, options.jobs))
    total["files"] += len(files)

    differing, broken = [], []
    for path in files:
        key = json.dumps(path, ensure_ascii=False)[1:-1].encode()
        mine, other = ours.get(key, []), theirs.get(key, [])
        has_errors = any(b'"error":true' in line for line in other)
        if not has_errors and sorted(mine) == sorted(other):
            total["ours"] += len(mine)
            total["theirs"] += len(other)
            total["matched"] += len(mine)
            continue
        my_items, _, _ = parse(mine)
        their_items, intact, errors = parse(other)
        if errors:
            broken.append((path, my_items, intact))
            continue
        matched = my_items & their_items
        total["ours"] += my_items.total()
        total["theirs"] += their_items.total()
        total["matched"] += matched.total()
        if my_items != their_items:
            differing.append((path, my_items - matched, their_items - matched))

    questions = [(path, entry["edition"]) for path, *_ in differing + broken]
    answers = judge.ask_all(questions, options.jobs)

    for path, only_ours, only_theirs in differing:
        total["only_ours"] += only_ours.total()
        total["only_theirs"] += only_theirs.total()
        for cls, mine, other in classify(only_ours, only_theirs):
            who = verdict(mine, other, answers.get(path))
            weight = (mine is not None) + (other is not None)
            total["verdict " + who.split()[0]] += weight
            reason = allowed.reason(cls, short(path), mine or other, who.split()[0])
            if reason:
                total["allowed"] += weight
            examples[(cls, who, reason)].append((path, mine, other))

    for path, my_items, intact in broken:
        total["broken_files"] += 1
        items, error = answers.get(path, (None, None))
        # After an error tree-sitter may take methods for functions and the like: what rustc does not know is not intact.
        if items is not None:
            intact &= items
        lost = intact - my_items
        total["intact"] += intact.total()
        total["intact_found"] += (intact & my_items).total()
        if items is not None:
            total["ruled_files"] += 1
            matched = my_items & items
            total["ruled_matched"] += matched.total()
            total["ruled_only_ours"] += (my_items - matched).total()
            total["ruled_only_rustc"] += (items - matched).total()
            for cls, mine, other in classify(my_items - matched, items - matched):
                examples[("against rustc: " + cls.replace("theirs", "rustc's"), "error in file" if error else "", None)] \
                    .append((path, mine, other))
            lost = collections.Counter()  # rustc has spoken
        for item in lost.elements():
            examples[(f"intact {item[0]} of a file tree-sitter fails on: only theirs", "rejected by rustc", None)] \
                .append((path, None, item))


# rustc's complaints about the edition or a construct of older compilers: its syntax tree is whole nevertheless.
OLDER_OR_NEWER = re.compile(r"error: (let chains are only allowed in Rust 2024|`box_syntax` has been removed"
                            r"|use of deprecated `try` macro)")


def check_syntax(entries, options, judge):
    """Our syntax errors on files that rustc accepts; and how many files with errors both agree on."""
    program = options.command[0]
    found = collections.Counter()
    wrong = []
    for entry in entries:
        with open(entry["path"], encoding="utf-8") as f:
            files = f.read().splitlines()
        first = {}
        for at in range(0, len(files), 500):
            done = subprocess.run([program, "check", "--edition", entry["edition"], *files[at:at + 500]],
                                  stdout=subprocess.PIPE)
            if done.returncode != 0:
                print(f"  pt-frontend check ended with {done.returncode} on {entry['name']}, files from {at}")
            for line in done.stdout.decode("utf-8", "replace").splitlines():
                match = re.match(r"error (.*?):(\d+):(\d+): (.*)", line)
                if match:
                    first.setdefault(match[1], (int(match[2]), int(match[3]), match[4]))
        answers = judge.ask_all([(path, entry["edition"]) for path in first], options.jobs)
        found["with errors"] += len(first)
        for path, where in first.items():
            items, error = answers.get(path, (None, "unasked"))
            if error is None or OLDER_OR_NEWER.match(error):
                found["accepted by rustc"] += 1
                wrong.append((path, *where))
            else:
                found["rejected by rustc too"] += 1
    return found, wrong


def percent(part, whole):
    return f"{100 * part / whole:.4f}" if whole else "-"


def table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(w) if i == 0 else str(cell).rjust(w) for i, (cell, w) in enumerate(zip(row, widths))))


def describe(item):
    return "nothing" if item is None else f"{item[0]} {item[1]} {item[2]}-{item[3]}".replace("  ", " ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=os.path.join(BUILD, "release", "pt-frontend") + " items")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--corpus", action="append", help="crates, rust-src-compiler, rust-src-library or a list's name")
    parser.add_argument("--list", action="append", help="a further list of files")
    parser.add_argument("--edition", default="2021", help="of --list")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--no-check", action="store_true")
    parser.add_argument("--no-referee", action="store_true")
    parser.add_argument("--json", metavar="FILE", default=os.environ.get("OUT"))
    parser.add_argument("--goal", type=float, default=99.9, help="raw agreement below which this exits with 1")
    options = parser.parse_args()
    options.command = shlex.split(options.ours)
    if not shutil.which(options.command[0]):
        sys.exit(f"compare.py: {options.command[0]} is not built")
    install()

    judge, allowed = Referee(not options.no_referee), Allowed()
    entries = corpora(options)
    totals, examples = {}, collections.defaultdict(list)
    for entry in entries:
        total = totals.setdefault(entry["corpus"], collections.Counter())
        compare_list(entry, options, judge, allowed, total, examples)
    whole = sum(totals.values(), collections.Counter())
    rows = [("corpus", "files", "ours", "theirs", "matched", "only ours", "only theirs", "raw %", "explained %")]
    result = {}
    for name, t in [*totals.items(), ("all", whole)]:
        union = t["matched"] + t["only_ours"] + t["only_theirs"]
        raw, explained = percent(t["matched"], union), percent(t["matched"] + t["allowed"], union)
        rows.append((name, t["files"] - t["broken_files"], t["ours"], t["theirs"], t["matched"], t["only_ours"],
                     t["only_theirs"], raw, explained))
        result[name] = dict(t, raw=raw, explained=explained)
    print("Files that tree-sitter reads without error:\n")
    table(rows)

    print("\nWhose side rustc takes in the differences above (items):\n")
    sides = ["ours", "theirs", "both", "neither", "rejected", "unasked"]
    table([("corpus", *sides)] + [(n, *(t["verdict " + s] for s in sides)) for n, t in [*totals.items(), ("all", whole)]])

    print("\nFiles in which tree-sitter meets ERROR or MISSING nodes (its intact items; and ours against rustc's):\n")
    rows = [("corpus", "files", "intact items", "found by ours", "%", "ruled files", "matched", "only ours", "only rustc", "%")]
    for name, t in [*totals.items(), ("all", whole)]:
        union = t["ruled_matched"] + t["ruled_only_ours"] + t["ruled_only_rustc"]
        rows.append((name, t["broken_files"], t["intact"], t["intact_found"], percent(t["intact_found"], t["intact"]),
                     t["ruled_files"], t["ruled_matched"], t["ruled_only_ours"], t["ruled_only_rustc"],
                     percent(t["ruled_matched"], union)))
    table(rows)

    if examples:
        print("\nClasses of difference (occurrences, class, rustc's side, reason in allow.toml):\n")
        for (cls, who, reason), cases in sorted(examples.items(), key=lambda e: (e[0][2] is not None, -len(e[1]))):
            print(f"{len(cases):>8}  {cls}  [{who}]" + (f"  allowed: {reason}" if reason else ""))
            # spread over different files first
            seen, picked = set(), []
            for case in cases:
                if case[0] not in seen:
                    seen.add(case[0])
                    picked.append(case)
            for path, mine, other in picked[:options.show]:
                line = (mine or other)[2]
                print(f"            {short(path)}:{line}: ours {describe(mine)}; theirs {describe(other)}")

    if not options.no_check and os.path.basename(options.command[0]) == "pt-frontend":
        found, wrong = check_syntax(entries, options, judge)
        print("\nFiles in which ours meets a syntax error: " + ", ".join(f"{n} {what}" for what, n in found.items()) + "\n")
        for path, line, column, message in wrong[:max(options.show * 20, 20)]:
            print(f"  {short(path)}:{line}:{column}: {message}   (rustc accepts the file)")
        result["check"] = dict(found)

    for index, entry in enumerate(allowed.entries):
        if not allowed.used[index]:
            print(f"unused entry of allow.toml: {entry}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)
    union = whole["matched"] + whole["only_ours"] + whole["only_theirs"]
    sys.exit(0 if union and 100 * whole["matched"] / union >= options.goal else 1)


if __name__ == "__main__":
    main()
