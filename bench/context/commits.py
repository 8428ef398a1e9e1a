"""Real commits as questions: which are chosen, and which items of the tree before a commit it touched. For run.py."""
import collections
import json
import os
import random
import re
import subprocess

KINDS = {"fn", "method", "struct", "enum", "union", "trait", "const", "assoc_const", "static", "type_alias", "assoc_type", "macro"}
LEAST, MOST = 2, 12  # items that a commit touched
FILES, LINES, RENAMES = 12, 600, 2  # of a commit, at most: more is a sweep over the code base, not an edit
ABOVE = re.compile(r"\s*(///|//|#\[|/\*|\*|\)?\]\s*$)")  # comments and attributes above an item are its own
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+")


class Unable(Exception):
    """What the bench needs is not there, and why."""


def git(repo, *arguments):
    done = subprocess.run(["git", "--git-dir", repo, *arguments], capture_output=True)
    if done.returncode:
        raise Unable(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return done.stdout.decode(errors="replace")


def run(binary, *arguments):
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Unable(f"{arguments[0]}: exit {done.returncode}: {done.stderr.strip()[-200:]}")
    return done.stdout


class Item:
    def __init__(self, node):
        self.id, self.kind, self.path, self.file = node["id"], node["kind"], node["path"], node["file"]
        self.line, self.end, self.column = node["line"], node["end_line"], node["col"]
        self.test = node["test"] or "tests" in self.file.split("/")
        self.name = node["name"] if self.kind != "impl" else head(self.path).rpartition("::")[2]
        self.above = self.line  # the first line of its comments and attributes
        self.told_only = True  # touched in these alone

    def __str__(self):
        return f"{self.kind} {self.path} {self.file}:{self.line}"


def head(path):
    """The type of an impl, of its path."""
    return path.lstrip("<").partition(" as ")[0].rstrip(">")


class Tree:
    """The tree before a commit: its items by file, and its edges."""

    def __init__(self, folder, binary):
        self.folder, self.lines = folder, {}
        run(binary, "index", "--workspace", folder, "--no-daemon", "--no-dependencies", "--rebuild", "--quiet")
        self.nodes, self.edges, self.parent = {}, collections.defaultdict(dict), {}
        for line in run(binary, "export", "--workspace", folder, "--no-daemon", "--format", "jsonl").splitlines():
            row = json.loads(line)
            if row["t"] == "node":
                self.nodes[row["id"]] = row
            elif row["t"] == "edge" and row["kind"] == "contains":
                self.parent[row["to"]] = row["from"]
            elif row["t"] == "edge":
                self.edges[row["from"]].setdefault(row["to"], row["kind"])
                self.edges[row["to"]].setdefault(row["from"], row["kind"] + " (back)")
        self.files = collections.defaultdict(list)
        for node in self.nodes.values():
            if node["file"] and not node["external"] and (node["kind"] in KINDS or node["kind"] == "impl"):
                self.files[node["file"]].append(Item(node))
        for items in self.files.values():  # the innermost first
            items.sort(key=lambda i: (i.kind == "impl", i.end - i.line, i.line, i.column, i.path))

    def text(self, file):
        if file not in self.lines:
            try:
                with open(os.path.join(self.folder, file), encoding="utf-8", errors="replace") as f:
                    self.lines[file] = f.read().split("\n")
            except OSError:
                self.lines[file] = []
        return self.lines[file]

    def at(self, file, first, last):
        """The innermost item around some lines: first those inside of an item proper, then what stands above one, then impls."""
        text = self.text(file)
        for item in self.files.get(file, []):
            if item.line <= first and last <= item.end and item.kind != "impl":
                return item, False
        for item in self.files.get(file, []):
            while item.above > 1 and item.above <= len(text) and ABOVE.match(text[item.above - 2]):
                item.above -= 1
            if item.above <= first and last < item.line:
                return item, True
        for item in self.files.get(file, []):
            if item.line <= first and last <= item.end:
                return item, False
        return None, False

    def touched(self, changes):
        """(file, first line, lines) -> the items, in order of file and line."""
        found = {}
        for file, line, count in changes:
            if count:
                ranges = [(n, n) for n in range(line, line + count) if n <= len(self.text(file)) and self.text(file)[n - 1].strip()]
            else:
                ranges = [(line, line + 1)]  # put between two lines
            for first, last in ranges:
                item, above = self.at(file, first, last)
                if item:
                    found[item.file, item.line, item.end] = item
                    item.told_only &= above
        return [found[key] for key in sorted(found)]

    def distance(self, one, other, most=3):
        """-> steps over edges either way and through what is the project's own, and the kind of the edge when it is one."""
        seen, edge = {one.id}, self.edges[one.id].get(other.id)
        if edge:
            return 1, edge
        layer = [one.id]
        for steps in range(1, most + 1):
            layer = [to for node in layer for to in self.edges[node]
                     if to not in seen and not seen.add(to) and not self.nodes[to]["external"]]
            if other.id in seen:
                return steps, ""
        return most + 1, ""

    def owner(self, item):
        """The type that an item belongs to."""
        if item.kind == "impl":
            return head(item.path)
        if item.kind in ("struct", "enum", "union", "trait"):
            return item.path
        up = self.nodes.get(self.parent.get(item.id))
        return head(up["path"]) if up and up["kind"] in ("impl", "trait") else None

    def place(self, one, other):
        """Where the other lies, seen from the one."""
        up = self.nodes.get(self.parent.get(one.id))
        if up and up["kind"] in ("impl", "trait") and self.parent.get(one.id) == self.parent.get(other.id):
            return "same impl or trait"
        if self.parent.get(one.id) == other.id or self.parent.get(other.id) == one.id:
            return "one inside of the other"
        if self.owner(one) and self.owner(one) == self.owner(other):
            return "same type, elsewhere"
        if one.file == other.file:
            return "same file"
        if os.path.dirname(one.file) == os.path.dirname(other.file):
            return "same folder"
        return "same crate" if crate(one) == crate(other) else "another crate"


def crate(item):
    return item.path.lstrip("<").partition("::")[0]


class Commit:
    def __init__(self, name, parent, subject):
        self.name, self.parent, self.subject = name, parent, subject


def changes_of(repo, commit):
    """-> [(file of the parent, line, count)], None: not a commit to ask about."""
    rows = [row.split("\t") for row in git(repo, "diff-tree", "-r", "-M", "--numstat", commit.parent, commit.name).splitlines()]
    rust = [row for row in rows if row[2].rstrip("}").endswith(".rs") and row[0] != "-"]
    lines = sum(int(row[0]) + int(row[1]) for row in rust)
    if not 1 <= len(rust) <= FILES or lines > LINES or sum("=>" in row[2] for row in rows) > RENAMES:
        return None
    file, found = None, []
    for line in git(repo, "diff", "-M", "-U0", "--no-color", "--no-ext-diff", commit.parent, commit.name, "--", "*.rs").splitlines():
        if line.startswith("--- "):
            file = line[6:] if line.startswith("--- a/") else None
        hunk = HUNK.match(line)
        if hunk and file:
            found.append((file, int(hunk[1]), 1 if hunk[2] is None else int(hunk[2])))
    return found


def export_tree(repo, commit, folder):
    os.makedirs(folder)
    archive = subprocess.Popen(["git", "--git-dir", repo, "archive", commit], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    unpacked = subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, capture_output=True)
    archive.stdout.close()
    if archive.wait() or unpacked.returncode:
        raise Unable(f"the tree of {commit} cannot be exported")


def candidates(repo, seed):
    """All commits that are no merges, in an order of the seed's."""
    rows = [row.split(" ", 2) for row in git(repo, "log", "--no-merges", "--format=%H %P %s", "HEAD", "--", "*.rs").splitlines()]
    found = sorted((Commit(*row) for row in rows if len(row) == 3 and re.fullmatch("[0-9a-f]{40}", row[1])), key=lambda c: c.name)
    random.Random(seed).shuffle(found)
    return found


def choose(repo, count, seed, work, binary):
    """Each commit that will do, with the tree before it and the items touched; the tree is there until the next is asked for."""
    for commit in candidates(repo, seed):
        changes = changes_of(repo, commit)
        if not changes:
            continue
        folder = os.path.join(work, commit.name[:12])
        try:
            export_tree(repo, commit.parent, folder)
            tree = Tree(folder, binary)
            items = tree.touched(changes)
            if LEAST <= len(items) <= MOST and not all(item.test for item in items):
                yield commit, tree, items
                count -= 1
        finally:
            subprocess.run(["rm", "-rf", folder], check=False)
        if not count:
            return
