"""What is asked about some items, and what of other items stands in the answer: parseltongue, grep, and a peer. For run.py."""
import json
import os
import re
import subprocess
import sys
import time

BUDGET = 4000
DECLARED = 3  # lines at the top of an item, one of which tells it
AROUND = 10  # lines quoted on each side of a hit of grep: of 2, 5 and 10 the one that finds most

try:
    import bpe_openai

    ENCODING = bpe_openai.get_encoding("o200k_base")
    COUNTER = "o200k_base"
except ImportError:
    ENCODING, COUNTER = None, "bytes / 3.5, as bpe-openai is not installed"


def tokens(text):
    return len(ENCODING.encode(text)) if ENCODING else int(len(text.encode()) / 3.5 + 0.999)


def cut(text, most):
    """As much of the text as is within so many tokens."""
    if ENCODING:
        return ENCODING.decode(ENCODING.encode(text)[:most]) or "" if tokens(text) > most else text
    return text.encode()[:int(most * 3.5)].decode(errors="ignore")


class Answer:
    """Its text and what it takes; the lines it quotes of each file, the items it tells otherwise."""

    def __init__(self, text, milliseconds):
        self.tokens, self.milliseconds = tokens(text), milliseconds
        self.lines, self.rows, self.paths, self.text = {}, set(), set(), text
        self.failed = ""

    def quote(self, file, first, last):
        self.lines.setdefault(file, set()).update(range(first, last + 1))

    def tells(self, item):
        """Its declaration is there."""
        quoted = self.lines.get(item.file, ())
        return (item.file, item.line) in self.rows or any(n in quoted for n in range(item.line, min(item.line + DECLARED, item.end + 1)))

    def touches(self, item):
        """Anything of it is there."""
        return self.tells(item) or item.path in self.paths or any(n in self.lines.get(item.file, ()) for n in range(item.line, item.end + 1))

    def names(self, item):
        """Its name and its file stand somewhere in it, maybe apart."""
        return item.file in self.text and re.search(r"\b%s\b" % re.escape(item.name), self.text) is not None

    def files(self):
        return set(self.lines) | {file for file, _ in self.rows}


class Parseltongue:
    LABEL = "parseltongue context"

    def __init__(self, binary):
        self.binary = binary

    def open(self, tree):
        self.folder = tree.folder

    def command(self, places):
        return [self.binary, "context", *places, "--budget", str(BUDGET), "--format", "compact", "--no-daemon", "--workspace", self.folder]

    def ask(self, seeds):
        for columns in (False, True):  # a macro's items may stand on one line
            places = [f"{i.file}:{i.line}:{i.column}" if columns else f"{i.file}:{i.line}" for i in seeds]
            start = time.perf_counter()
            done = subprocess.run(self.command(places), capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
            milliseconds = (time.perf_counter() - start) * 1e3
            if done.returncode == 0:
                break
        answer = Whole(done.stdout, milliseconds)
        if done.returncode:
            answer.failed = " ".join(done.stderr.split())[-120:]
            return answer
        for row in json.loads(done.stdout)["results"]:
            answer.paths.add(row["path"])
            file, _, span = row.get("at", "").rpartition(":")
            first, _, last = span.partition("-")
            if not file:
                continue
            answer.rows.add((file, int(first)))
            if "source" in row:
                answer.quote(file, int(first), min(int(row.get("source_to", last or first)), int(last or first)))
        return answer

    def close(self):
        """Nothing is kept open."""


class Whole(Answer):
    """Rows are items: what lies inside of a quote is told when all of it is there."""

    def tells(self, item):
        quoted = self.lines.get(item.file, ())
        return (item.file, item.line) in self.rows or all(n in quoted for n in range(item.line, item.end + 1))


class Grep:
    """The word in all files, those with most hits first, some lines around each hit, as far as the budget goes."""
    LABEL = "grep"

    def open(self, tree):
        self.tree = tree

    def ask(self, seeds):
        start = time.perf_counter()
        names = sorted({item.name for item in seeds})
        words = [word for name in names for word in ("-e", name)]
        command = ["git", "grep", "--no-index", "-n", "-w", "-F", *words, "--", "*.rs"]
        done = subprocess.run(command, cwd=self.tree.folder, capture_output=True, text=True, errors="replace")
        hits = {}
        for line in done.stdout.splitlines():
            file, _, rest = line.partition(":")
            hits.setdefault(file, []).append(int(rest.partition(":")[0]))
        text, used, quoted = [], 0, {}
        for file in sorted(hits, key=lambda f: (-len(hits[f]), f)):
            lines, last = self.tree.text(file), 0
            for hit in hits[file]:
                first, to = max(hit - AROUND, last + 1), min(hit + AROUND, len(lines))
                if first > to:
                    continue
                part = "".join(f"{file}:{n}:{lines[n - 1]}\n" if n == hit else f"{n}-{lines[n - 1]}\n" for n in range(first, to + 1))
                used += tokens(part)
                if used > BUDGET:
                    break
                text.append(part)
                quoted.setdefault(file, []).append((first, to))
                last = to
            if used > BUDGET:
                break
        answer = Answer("".join(text), (time.perf_counter() - start) * 1e3)
        for file, ranges in quoted.items():
            for first, to in ranges:
                answer.quote(file, first, to)
        return answer

    def close(self):
        """Nothing is kept open."""


class Codegraph:
    """`explore` of colbymchenry's codegraph over its MCP server; told of the names and files, as it asks for."""
    LABEL = "codegraph explore"

    def __init__(self, here, work):
        sys.path.insert(0, os.path.join(os.path.dirname(here), "live"))  # before this folder: both have a run.py
        import codegraphs
        self.codegraphs, self.work = codegraphs, work
        codegraphs.installed()

    def open(self, tree):
        self.peer = self.codegraphs.Colbymchenry(tree.folder, self.work)
        self.peer.environment["CODEGRAPH_MCP_TOOLS"] = "explore"
        self.peer.index()
        self.peer.start()
        self.ask_for("main")  # what it does at its first question is not the answer's

    def ask_for(self, query):
        return self.peer.server.tool("codegraph_explore", query=query)

    def ask(self, seeds):
        start = time.perf_counter()
        said = self.ask_for(" ".join(dict.fromkeys([item.name for item in seeds] + [item.file for item in seeds])))
        milliseconds = (time.perf_counter() - start) * 1e3
        answer = Answer(cut(said, BUDGET), milliseconds)
        file = None
        for line in answer.text.splitlines():
            section = re.search(r"\*\*`([^`]+\.rs)`\*\*", line)
            numbered = re.match(r"\s*(\d+)\t", line)
            if section:
                file = section[1]
            elif numbered and file:
                answer.quote(file, int(numbered[1]), int(numbered[1]))
            answer.rows.update((place[0], int(place[1])) for place in re.findall(r"\(([^():]+\.rs):(\d+)\)", line))
        return answer

    def close(self):
        self.peer.stop()
