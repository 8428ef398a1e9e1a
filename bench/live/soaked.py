"""A workspace that is soaked (soak.py): its daemon, the law, and what may be left of it."""
import contextlib
import fcntl
import glob
import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter

from run import PROGRAM  # noqa: I001  (it says where the next one is)
from askers import PATIENCE, Asker, Violation
from edits import Tree

# lines of a log that tell of nothing wrong; a warning is a time beyond its limit
QUIET_LINES = {"serving": r"serving ", "generations": r"generation \d+: ", "warnings": r"warning: |.*: within its limit again",
               "stops": r"stopping: |stopped$"}
STORE_FILES = re.compile(r"manifest|lock|(tables|log|facts)-\d+|(in|out)-\d+-\d+")


def until(holds, what):
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise Violation(f"never: {what}")
        time.sleep(0.01)


def descriptors_below(folder):
    """Open files of any process below a folder."""
    found = []
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link).startswith(folder + "/"):
                found.append(f"{link} -> {os.readlink(link)}")
    return found


class Place:
    def __init__(self, name, work, edits, known=None):
        self.known = known  # errors that are no violation
        self.name, self.work, self.edits, self.tree = name, work, edits, edits.folder
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=work + "/run", XDG_STATE_HOME=work + "/run/state", XDG_CACHE_HOME=work + "/cache")
        self.pid, self.pids, self.asker, self.done, self.log_lines = None, [], None, [], Counter()

    def command(self, *arguments, code=0):
        """Exit status is `code`, in time."""
        try:
            done = subprocess.run([PROGRAM, *arguments, "--workspace", self.tree], env=self.environment, capture_output=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Violation(f"{self.name}: {' '.join(arguments)} did not end in {PATIENCE} s") from None
        if done.returncode != code:
            raise Violation(f"{self.name}: {' '.join(arguments)}: exit {done.returncode}, not {code}: {done.stdout[-500:]!r} {done.stderr[-1000:]!r}")
        return done.stdout

    # --- its daemon

    def start(self):
        self.command("daemon", "start")
        self.connect()

    def connect(self):
        self.disconnect()
        self.socket_path = glob.glob(self.work + "/run/parseltongue/*.sock")[0]
        self.asker = Asker(self.socket_path)
        self.pid = self.status()["pid"]
        self.pids.append(self.pid)

    def disconnect(self):
        if self.asker:
            self.asker.close()
        self.asker = None

    def call(self, method, params=None):
        try:
            reply = self.asker.ask(method, params or {})
        except (OSError, ValueError) as failure:
            raise Violation(f"{self.name}: {method}: no answer: {failure!r}; the daemon {'lives' if self.lives(self.pid) else 'is gone'}") from None
        if "error" in reply:
            raise Violation(f"{self.name}: {method}: {reply['error']}")
        return reply["result"]

    def status(self):
        return self.call("status")

    def stop(self):
        self.disconnect()
        self.command("daemon", "stop")
        self.gone("when it is asked to")

    def end(self):
        """Whatever happened: no process of ours stays."""
        self.disconnect()
        for pid in self.pids:
            if self.lives(pid):
                os.kill(pid, 9)

    def lives(self, pid):
        """Not gone, nor another process by now."""
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                state = f.read().rsplit(")", 1)[1].split()[0]
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                return state != "Z" and os.fsencode(self.tree) in f.read()
        except OSError:
            return False

    def gone(self, what):
        """Its threads too: the lock is let go last."""
        def holds():
            if self.lives(self.pid):
                return False
            with contextlib.suppress(FileNotFoundError), open(self.socket_path[:-5] + ".lock", "rb") as lock:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    return True
                return False
            return True
        until(holds, f"the daemon is gone {what}")

    def alive(self):
        status = self.status()
        if status["pid"] != self.pid or (status["error"] and not self.is_known(status["error"])):
            raise Violation(f"{self.name}: process {status['pid']}, started {self.pid}; error {status['error']}")

    def leavings(self):
        return sorted(os.listdir(self.work + "/run/parseltongue"))

    # --- its files

    def texts(self, folder=None):
        """Of all sources, by their paths in the tree."""
        found, folder = {}, folder or self.tree
        for path in Tree(folder).sources():
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = f.read()
        return found

    def write(self, name, text):
        with open(os.path.join(self.tree, name), "wb") as f:
            f.write(text)

    def settled(self):
        """Everything saved is in the answer; the files that count as they were."""
        answer = self.call("stats", {"wait": PATIENCE * 1000})
        if answer["pending"]:
            raise Violation(f"{self.name}: {answer['pending']} saves are in no answer: {answer['stale']}")
        return answer["stale"]

    def balanced(self):
        """Repairs what is out of balance, until nothing is."""
        while stale := self.settled():
            for name in stale:
                before = os.path.join(self.edits.original, name)
                text = b"\n"
                if os.path.exists(before):
                    with open(before, "rb") as f:
                        text = f.read()
                self.write(name, text)

    # --- the law

    def export(self, tree, store):
        return subprocess.run([PROGRAM, "export", "--candidates", "--no-daemon", "--workspace", tree, *store], env=self.environment, capture_output=True, check=True).stdout

    def fresh(self, tree):
        store = ["--store", f"native:{self.work}/fresh"]
        done = subprocess.run([PROGRAM, "index", tree, "--no-daemon", "--quiet", "--rebuild", *store], env=self.environment, capture_output=True)
        if done.returncode:
            raise Violation(f"{self.name}: a fresh index: exit {done.returncode}: {done.stderr!r}")
        return self.export(tree, store)

    def law(self, counts, good=None):
        """The export is that of a fresh index; of files out of balance with the texts of `good`."""
        stale = self.settled()
        if stale and not good:
            raise Violation(f"{self.name}: nothing is out of balance, but {stale} count as they were")
        mine, tree = self.export(self.tree, []), self.tree
        if stale:
            tree = self.work + "/mirror"
            shutil.copytree(self.tree, tree, symlinks=True, ignore=shutil.ignore_patterns(".parseltongue", ".git"))
            for name in stale:
                with open(os.path.join(tree, name), "wb") as f:
                    f.write(good[name])
        fresh = self.fresh(tree)
        counts["states held against a fresh index"] += 1
        counts["states with files out of balance"] += bool(stale)
        if mine != fresh:
            for name, text in (("daemon", mine), ("fresh", fresh)):
                with open(f"{self.work}/{name}.jsonl", "wb") as f:
                    f.write(text)
            a, b = set(fresh.splitlines()), set(mine.splitlines())
            raise Violation(f"{self.name}: fresh only {len(a - b)} lines, {sorted(a - b)[:2]}; daemon only {len(b - a)}, {sorted(b - a)[:2]}; stale {stale}")
        if stale:
            shutil.rmtree(tree)
        self.command("verify", "--no-daemon", "--quiet")

    def is_known(self, error):
        return self.known and re.search(self.known, error)

    def look_at_log(self):
        """Every line is of a kind that is no error, or of an error that is known."""
        lines, self.log_lines = [], Counter()
        for path in glob.glob(self.work + "/run/state/parseltongue/*.log.1") + glob.glob(self.work + "/run/state/parseltongue/*.log"):
            with open(path, encoding="utf-8", errors="replace") as f:
                lines += f.read().splitlines()
        for line in lines:
            kind = next((kind for kind, pattern in QUIET_LINES.items() if re.match(pattern, line[20:])), None)
            self.log_lines[kind or "errors"] += 1
            if not kind and not self.is_known(line):
                raise Violation(f"{self.name}: the log: {line}")

    def store_is_tidy(self):
        """Known names alone, and no file that the store does not count."""
        if set(os.listdir(self.tree + "/.parseltongue")) != {".gitignore", "graph"}:
            raise Violation(f"{self.name}: unknown files: {os.listdir(self.tree + '/.parseltongue')}")
        sizes = {name: os.path.getsize(f"{self.tree}/.parseltongue/graph/{name}") for name in os.listdir(self.tree + "/.parseltongue/graph")}
        unknown = [name for name in sizes if not STORE_FILES.fullmatch(name)]
        on_disk, told = sum(sizes.values()) - sizes["manifest"], self.status()["store_bytes"]
        if unknown or on_disk != told:
            raise Violation(f"{self.name}: the store: unknown {unknown}, {on_disk} bytes on the disk, {told} told: {sizes}")

    def keep_evidence(self, verdict):
        with contextlib.suppress(Violation, OSError, SystemExit), open(self.work + "/evidence.json", "w", encoding="utf-8") as f:
            json.dump({"violation": verdict, "last deeds": self.done[-50:], "pids": self.pids}, f, indent=1)
            self.look_at_log()
