"""The daemon: how it lives and ends, that it answers like the store, that no save escapes it, that no client harms it."""
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from conftest import BIN, DEMO, Workspace, package, valid

SHAPE = "engine/src/shape.rs"
PATIENCE = int(os.environ.get("PARSELTONGUE_PATIENCE", 60))  # seconds; only a failing test waits so long


def until(holds, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        got = holds()
        if got:
            return got
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Connection:
    """Raw lines over the socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(PATIENCE)
        self.lines = self.socket.makefile("rb")
        self.last = 0

    def close(self):
        self.lines.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *raw):
        self.socket.sendall(b"".join(x if isinstance(x, bytes) else json.dumps(x).encode() + b"\n" for x in raw))

    def receive(self):
        """The next line, or None at the end."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def ask(self, method, **params):
        self.last += 1
        self.send({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params})
        while (reply := self.receive()) and reply.get("id") != self.last:
            assert reply["method"] == "update"
        return reply

    def result(self, method, **params):
        reply = self.ask(method, **params)
        assert reply and "result" in reply, (method, params, reply)
        return reply["result"]


class Daemon(Workspace):
    """A workspace with its own places for sockets, logs and caches."""

    def __init__(self, base, files=None):
        self.base = Path(base)
        self.runtime = self.base / "run"
        self.runtime.mkdir(mode=0o700)
        self.env = {"XDG_RUNTIME_DIR": str(self.runtime), "XDG_STATE_HOME": str(self.base / "state"), "XDG_CACHE_HOME": str(self.base / "cache"), "HOME": str(self.base)}
        self.pids = []
        if files is None:
            shutil.copytree(DEMO, self.base / "w")
        super().__init__(self.base / "w", files)

    def run(self, *arguments, env=None, **more):
        return super().run(*arguments, env={**self.env, **(env or {})}, **more)

    def start(self, *options, code=0):
        done = self.run("daemon", "start", *options)
        assert done.returncode == code, done.stdout + done.stderr + self.log()
        if code == 0:
            self.pids.append(self.status()["pid"])
        return done

    def status(self, code=0, **more):
        done = self.run("daemon", "status", "--json", **more)
        assert done.returncode == code, done.stdout + done.stderr
        return valid(json.loads(done.stdout), "daemon-status")

    def stop(self):
        done = self.run("daemon", "stop")
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def folder_of_sockets(self):
        return self.runtime / "parseltongue"

    def leavings(self):
        folder = self.folder_of_sockets()
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []

    def socket(self):
        return next(self.folder_of_sockets().glob("*.sock"))

    def connect(self):
        return Connection(self.socket())

    def log(self):
        return "".join(p.read_text(errors="replace") for p in (self.base / "state").rglob("*.log"))

    def gone(self, pid):
        until(lambda: not lives(pid), "the daemon ends")
        assert self.leavings() == []

    def soon(self, *question):
        """The answer once all that was saved is in it."""
        answer = self.ask(*question, "--wait", 30000)
        assert answer["complete"] and answer["pending"] == 0 and answer["stale"] == [], (answer, self.log())
        return answer

    def same_as_fresh(self):
        """What is in the store after the daemon, against an index from nothing."""
        self.stop()
        folder = self.base / "fresh"
        shutil.copytree(self.folder, folder, symlinks=True, ignore=shutil.ignore_patterns(".parseltongue"))
        other = Workspace(folder)
        other.index("--store", f"native:{self.base}/fresh-store")
        other.store = f"native:{self.base}/fresh-store"
        assert self.export("--candidates") == other.export("--candidates")
        assert self.run("verify").returncode == 0


@pytest.fixture
def daemon():
    """Makes workspaces; ends what runs for them and looks that nothing is left."""
    made = []

    def make(files=None, start=True, options=()):
        base = tempfile.mkdtemp(prefix="ptd-", dir="/tmp")  # a socket's path is short
        d = Daemon(base, files)
        made.append(d)
        if start:
            d.start(*options)
        return d
    yield make
    for d in made:
        try:
            if d.folder.exists():
                d.stop()
                for pid in d.pids:
                    until(lambda: not lives(pid), "the daemon ends")
                assert d.leavings() == [], d.log()
        finally:
            for pid in d.pids:
                if lives(pid):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(d.base, ignore_errors=True)


TINY = {"Cargo.toml": package("demo"), "src/lib.rs": "pub fn first() {}\n"}


def many(count):
    return {"Cargo.toml": package("demo"), "src/lib.rs": "".join(f"pub fn f{n}() {{}}\n" for n in range(count))}


def names(answer):
    return {r["path"].rsplit("::", 1)[-1] for r in answer["results"]}


# --- its life ----------------------------------------------------------------------------------------------------------


def test_start_status_stop(daemon):
    d = daemon(start=False)
    assert d.status(code=3) == {"running": False}
    assert b"no daemon runs" in d.run("daemon", "status").stdout
    assert b"no daemon runs" in d.stop().stdout
    d.start()
    status = d.status()
    assert status["running"] and status["complete"] and status["generation"] == 1 and status["files"] == 11 and status["error"] is None
    assert status["workspace"] == str(d.folder) and status["folders_watched"] >= 5 and status["folders_unwatched"] == 0
    text = d.run("daemon", "status").stdout.decode()
    assert str(d.folder) in text and "11 files" in text and "complete" in text
    assert b"runs already" in d.start().stdout
    assert d.status()["pid"] == status["pid"]
    assert b"stopped" in d.stop().stdout
    d.gone(status["pid"])
    assert d.status(code=3) == {"running": False}
    for wrong in (("daemon",), ("daemon", "begin"), ("daemon", "start", "now"), ("daemon", "start", "--idle", "abc"), ("daemon", "start", "--idle"), ("watch", "x")):
        assert d.run(*wrong).returncode == 2, wrong
    d.start("--idle", "0")
    assert d.status()["running"]


def test_many_starts_are_one_daemon(daemon):
    d = daemon(start=False)
    starts = [subprocess.Popen([BIN, "daemon", "start"], cwd=d.folder, env={**os.environ, **d.env}, stdout=subprocess.PIPE) for _ in range(8)]
    for s in starts:
        assert b"daemon" in s.communicate(timeout=PATIENCE)[0] and s.returncode == 0
        status = d.status()  # ready when any of them returns
        assert status["generation"] == 1
        d.pids.append(status["pid"])
    assert len(set(d.pids)) == 1


def test_restart(daemon):
    d = daemon()
    first = d.status()["pid"]
    assert d.run("daemon", "restart").returncode == 0
    second = d.status()["pid"]
    d.pids.append(second)
    assert first != second and not lives(first)
    d.stop()
    d.gone(second)
    assert d.run("daemon", "restart").returncode == 0  # none runs: it starts one
    d.pids.append(d.status()["pid"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground(daemon, number):
    d = daemon(start=False)
    run = subprocess.Popen([BIN, "daemon", "run"], cwd=d.folder, env={**os.environ, **d.env}, stderr=subprocess.PIPE)
    until(lambda: d.run("daemon", "status").returncode == 0, "it serves")
    assert d.status()["pid"] == run.pid
    assert d.run("daemon", "run").returncode == 4
    assert d.status()["pid"] == run.pid
    run.send_signal(number)
    assert b"stopping" in run.communicate(timeout=PATIENCE)[1] and run.returncode == 0
    d.gone(run.pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_start_takes_the_place_of_one_that_ends(daemon, number):
    d = daemon()
    for i in range(5):
        pid = d.status()["pid"]
        d.write({SHAPE: (d.folder / SHAPE).read_text() + f"pub fn later_{i}() {{}}\n"})  # it has something to finish
        os.kill(pid, number)
        d.start()
        assert d.status()["pid"] != pid
        assert names(d.soon("where-defined", f"later_{i}")) == {f"later_{i}"}


def test_a_killed_daemon_leaves_nothing_in_the_way(daemon):
    d = daemon()
    pid = d.pids[0]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not lives(pid), "killed")
    assert len(d.leavings()) == 2  # a socket that nobody listens on, a lock that nobody holds
    assert d.ask("callers", "leaf")["results"]  # from the store
    d.stop()
    assert b"no daemon runs" in d.stop().stdout
    d.start()
    assert d.status()["pid"] != pid
    d.write({SHAPE: (d.folder / SHAPE).read_text() + "pub fn later() {}\n"})
    assert names(d.soon("where-defined", "later")) == {"later"}


def test_ends_when_the_workspace_goes(daemon):
    d = daemon()
    shutil.rmtree(d.folder)
    d.gone(d.pids[0])


def test_ends_when_another_folder_takes_its_place(daemon):
    d = daemon()
    d.folder.rename(d.base / "before")
    shutil.copytree(DEMO, d.folder)
    d.gone(d.pids[0])


def test_ends_when_the_socket_goes(daemon):
    d = daemon()
    d.socket().unlink()
    d.gone(d.pids[0])


def test_only_its_owner_may_ask(daemon):
    d = daemon()
    assert d.socket().stat().st_mode & 0o7777 == 0o600
    assert d.folder_of_sockets().stat().st_mode & 0o7777 == 0o700


def test_a_folder_that_others_may_write_is_not_used(daemon):
    d = daemon(TINY, start=False)
    d.folder_of_sockets().mkdir()
    d.folder_of_sockets().chmod(0o777)
    d.start()
    assert d.leavings() == []
    d.stop()
    d.folder_of_sockets().rmdir()
    (d.base / "elsewhere").mkdir(mode=0o700)
    d.folder_of_sockets().symlink_to(d.base / "elsewhere")
    d.start()
    assert d.leavings() == []


def test_a_long_runtime_folder_is_not_used(daemon):
    d = daemon(TINY, start=False)
    long = d.base / ("x" * 100)
    long.mkdir(mode=0o700)
    d.env["XDG_RUNTIME_DIR"] = str(long)
    d.start()
    assert list(long.iterdir()) == []
    assert d.status()["running"]


def test_a_store_that_another_writes(daemon):
    d = daemon(start=False)
    d.run("index")
    with open(d.folder / ".parseltongue/graph/lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = d.start(code=4)
        assert b"another process" in done.stderr
        assert d.leavings() == []
    d.start()


@pytest.mark.parametrize("engine", ["native", "sqlite"])
def test_a_damaged_store_is_told(daemon, engine):
    d = daemon(start=False)
    store = f"{engine}:{d.folder}/.parseltongue/x"
    d.run("index", "--store", store)
    place = d.folder / ".parseltongue/x"
    place = place / "manifest" if engine == "native" else place
    place.write_bytes(b"hello\n" * 2000)
    done = d.start("--store", store, code=4)
    assert b"rebuild" in done.stderr and d.leavings() == []
    assert place.read_bytes() == b"hello\n" * 2000


def test_a_starter_that_keeps_files_open(daemon):
    """Nothing of the starter lives on in the daemon: no lock, no pipe."""
    d = daemon(TINY, start=False)
    held = d.base / "held"
    script = f'exec 9>"{held}"; flock -n 9 || exit 9; "{BIN}" daemon start'
    assert subprocess.run(["bash", "-c", script], cwd=d.folder, env={**os.environ, **d.env}, capture_output=True, timeout=PATIENCE).returncode == 0
    d.pids.append(d.status()["pid"])
    with open(held) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_starter_without_standard_files(daemon):
    d = daemon(TINY, start=False)
    script = f'exec "{BIN}" daemon start <&- >&- 2>&-'
    done = subprocess.run(["bash", "-c", script], cwd=d.folder, env={**os.environ, **d.env}, timeout=PATIENCE)
    assert done.returncode == 0
    d.pids.append(d.status()["pid"])


def test_repair_and_rebuild_leave_a_daemons_store_alone(daemon):
    d = daemon()
    for command in (("doctor", "--repair"), ("index", "--rebuild")):
        assert d.run(*command).returncode == 4, command
    d.write({SHAPE: (d.folder / SHAPE).read_text() + "pub fn later() {}\n"})
    assert names(d.soon("where-defined", "later")) == {"later"}
    assert d.status()["error"] is None
    d.same_as_fresh()


# --- its answers -------------------------------------------------------------------------------------------------------

QUESTIONS = [("who-implements", "Shape"), ("what-implements", "Named"), ("traits-of", "Square"), ("callers", "leaf"), ("callees", "outer"), ("uses", "outer"), ("used-by", "Square", "--all"),
             ("used-by", "Square", "--all", "--candidates", "--limit", 0), ("blast-radius", "leaf", "--depth", 2), ("path", "outer", "leaf"), ("explain", "outer", "leaf"), ("explain", f"{SHAPE}:20"),
             ("find-cycles",), ("find-cycles", "--level", "type"), ("find-cycles", "--level", "nonsense"), ("search", "squ"), ("search", "squ", "--kind", "struct"), ("list",), ("list", "--limit", 3),
             ("list", "--kind", "fn", "--limit", 0), ("list", "--kind", "nonsense"), ("list", "--cursor", "nonsense"), ("list", "--cfg", "host"), ("entities-in", SHAPE), ("entities-in", "nowhere.rs"),
             ("where-defined", "area"), ("overview",), ("unused",), ("unused", "--candidates"), ("stats",), ("doctor",), ("callers", "no_such_thing"), ("callers", "leef"), ("callers", "area"), ("callers", ""),
             ("callers", "é"), ("explain", "outer", "no_such_thing"), ("callers",), ("callers", "a", "b"), ("stats", "x"), ("no-such-command",), ("list", "--limit", "x"), ("callers", os.fsdecode(b"\xff"))]


def plain(text):
    if not text:
        return None
    answer = json.loads(text)
    return {k: v for k, v in answer.items() if k not in ("store", "generation", "triggers")}


def test_answers_are_those_of_the_store(daemon):
    d = daemon()
    codes = set()
    for question in QUESTIONS:
        asked, read = d.run(*question, "--json"), d.run(*question, "--json", "--no-daemon")
        assert asked.returncode == read.returncode, (question, asked.stdout, asked.stderr, read.stdout, read.stderr)
        assert plain(asked.stdout) == plain(read.stdout), question
        asked, read = d.run(*question, "--quiet"), d.run(*question, "--quiet", "--no-daemon")
        assert (asked.stdout, asked.stderr) == (read.stdout, read.stderr), question
        codes.add(asked.returncode)
    assert codes == {0, 2, 3}
    assert d.ask("callers", "leef", code=3)["suggestions"] and d.ask("callers", "area", code=3)["candidates"]
    count = sum(t["count"] for t in d.status()["questions"].values())
    for option in (("--no-daemon",), ("--stale-ok",), ("--engine", "memory"), ("--store", f"native:{d.folder}/.parseltongue/graph")):
        assert d.ask("callers", "leaf", *option)["results"]
    assert sum(t["count"] for t in d.status()["questions"].values()) == count


def test_index_is_the_daemons(daemon):
    d = daemon()
    before = d.status()
    assert b"daemon" in d.run("index").stdout
    assert d.run("index", "--quiet").stdout == b""
    answer = json.loads(d.run("index", "--json").stdout)
    assert answer["files"] == 11 and answer["generation"] >= before["generation"]
    assert d.status()["batches"] >= before["batches"] + 3


def test_export_and_verify_read_the_store(daemon):
    d = daemon()
    assert d.run("verify").returncode == 0 and len(d.local_paths()) > 50


def test_a_text_that_is_no_unicode_is_answered(daemon):
    """What JSON cannot say is told as a failure; nobody waits for ever."""
    d = daemon({**TINY, "examples/ok.rs": "fn main() {}\n"})
    (d.folder / "examples/ok.rs").rename(os.fsdecode(os.fsencode(d.folder) + b"/examples/\xe9.rs"))
    d.ask("stats", "--wait", 30000)
    with d.connect() as c:
        assert c.ask("list") and c.ask("search", target="main") and c.result("ping") == "pong"
    assert d.run("list", "--json").returncode == d.run("list", "--json", "--no-daemon").returncode


# --- freshness ---------------------------------------------------------------------------------------------------------


def test_every_kind_of_save_is_seen(daemon):
    d = daemon({"Cargo.toml": package("demo"), "src/lib.rs": "pub mod a;\npub mod b;\n", "src/a.rs": "pub fn in_a() {}\n", "src/b.rs": "pub fn in_b() {}\n"})
    lib, a, b = d.folder / "src/lib.rs", d.folder / "src/a.rs", d.folder / "src/b.rs"

    def seen(*there, absent=()):
        found = names(d.soon("list", "--limit", 0))
        assert set(there) <= found and not set(absent) & found, (there, absent, found)
    seen("in_a", "in_b")
    a.write_text("pub fn plain_write() {}\n")
    seen("plain_write", absent=["in_a"])
    (d.folder / "src/.a.rs.tmp").write_text("pub fn renamed_over() {}\n")
    (d.folder / "src/.a.rs.tmp").rename(a)
    seen("renamed_over", absent=["plain_write"])
    with open(a, "a") as f:
        f.write("pub fn appended() {}\n")
    seen("renamed_over", "appended")
    os.truncate(a, len("pub fn renamed_over() {}\n"))
    with open(a, "r+b") as f:
        f.seek(7)
        f.write(b"overwritten_")
    seen("overwritten_", absent=["appended"])
    b.unlink()
    seen(absent=["in_b"])
    b.write_text("pub fn again() {}\n")
    seen("again")
    d.write({"src/c.rs": "pub fn in_c() {}\n"})
    lib.write_text("pub mod a;\npub mod b;\npub mod c;\npub mod deep;\npub mod moved;\n")
    seen("in_c")
    d.write({"src/deep/mod.rs": "pub mod er;\n", "src/deep/er/mod.rs": "pub mod est;\n", "src/deep/er/est.rs": "pub fn at_the_bottom() {}\n"})
    seen("at_the_bottom")
    d.write({"src/deep/er/est.rs": "pub fn at_the_bottom_still() {}\n"})
    seen("at_the_bottom_still", absent=["at_the_bottom"])
    outside = d.base / "moved"
    outside.mkdir()
    (outside / "in").mkdir()
    (outside / "mod.rs").write_text("#[path = \"in/side.rs\"] pub mod side;\n")
    (outside / "in/side.rs").write_text("pub fn moved_in() {}\n")
    outside.rename(d.folder / "src/moved")
    seen("moved_in")
    d.write({"src/moved/in/side.rs": "pub fn edited_there() {}\n"})
    seen("edited_there", absent=["moved_in"])
    (d.folder / "src/moved").rename(outside)
    seen(absent=["edited_there"])
    lib.write_text(lib.read_text().replace("moved", "other"))
    outside.rename(d.folder / "src/other")
    seen("edited_there")
    (d.folder / "src/other").rename(d.folder / "src/third")
    lib.write_text(lib.read_text().replace("other", "third"))
    d.write({"src/third/in/side.rs": "pub fn under_a_new_name() {}\n"})
    seen("under_a_new_name", absent=["edited_there"])
    b.unlink()
    b.symlink_to("c.rs")
    d.write({"src/c.rs": "pub fn behind_a_link() {}\n"})
    found = [r["file"] for r in d.soon("list", "--limit", 0)["results"] if r["path"].endswith("behind_a_link")]
    assert sorted(found) == ["src/b.rs", "src/c.rs"]
    b.unlink()
    os.link(a, b)
    assert sorted(r["file"] for r in d.soon("list", "--limit", 0)["results"] if r["path"].endswith("overwritten_")) == ["src/a.rs", "src/b.rs"]
    d.write({"Cargo.toml": package("demo", extra="[[bin]]\nname = \"tool\"\npath = \"src/tool.rs\"\n"), "src/tool.rs": "fn main() {}\nfn in_the_tool() {}\n"})
    seen("in_the_tool")
    shutil.rmtree(d.folder / "src/deep")
    seen(absent=["at_the_bottom_still"])
    d.same_as_fresh()


def test_files_by_other_names_are_seen(daemon):
    d = daemon({"Cargo.toml": package("demo"), "src/lib.rs": "#[path = \"odd.txt\"]\npub mod odd;\ninclude!(\"made.in\");\n", "src/odd.txt": "pub fn odd_one() {}\n", "src/made.in": "pub fn made_one() {}\n"})
    d.write({"src/odd.txt": "pub fn odd_two() {}\n", "src/made.in": "pub fn made_two() {}\n"})
    assert {"odd_two", "made_two"} <= names(d.soon("list", "--limit", 0))


def test_files_outside_the_folder_are_seen(daemon):
    """Not at once: nobody watches there. But no answer calls itself complete for ever."""
    d = daemon({"Cargo.toml": package("demo"), "src/lib.rs": "#[path = \"../../x/out.rs\"]\npub mod out;\npub mod link;\n"}, start=False)
    d.write({"../x/out.rs": "pub fn out_one() {}\n", "../x/target.rs": "pub fn link_one() {}\n"})
    (d.folder / "src/link.rs").symlink_to("../../x/target.rs")
    d.start()
    d.write({"../x/out.rs": "pub fn out_number_two() {}\n", "../x/target.rs": "pub fn link_number_two() {}\n"})
    until(lambda: {"out_number_two", "link_number_two"} <= names(d.ask("list", "--limit", 0)), "what was saved elsewhere is seen")


def test_a_burst_of_saves(daemon):
    d = daemon()
    text = (d.folder / SHAPE).read_text()
    for n in range(200):
        d.write({SHAPE: text + f"pub fn burst_{n}() {{}}\n", f"engine/src/inner/more_{n % 20}.rs": f"pub fn in_more_{n}() {{}}\n"})
    d.write({"engine/src/inner/mod.rs": (d.folder / "engine/src/inner/mod.rs").read_text() + "".join(f"pub mod more_{n};\n" for n in range(20))})
    found = names(d.soon("list", "--limit", 0))
    assert "burst_199" in found and "burst_198" not in found and {f"in_more_{n}" for n in range(180, 200)} <= found
    assert d.status()["batches"] < 200
    d.same_as_fresh()


def test_ignore_files_are_seen(daemon):
    d = daemon({"a/Cargo.toml": package("a"), "a/src/lib.rs": "pub fn in_a() {}\n", "b/Cargo.toml": package("b"), "b/src/lib.rs": "pub fn in_b() {}\n"}, start=False)
    subprocess.run(["git", "init", "-q"], cwd=d.folder, check=True, env={**os.environ, "HOME": str(d.base)})
    d.start()
    assert {"in_a", "in_b"} <= names(d.soon("list"))
    d.write({".gitignore": "/b\n"})
    after = names(d.soon("list"))
    d.same_as_fresh()
    assert "in_a" in after


def test_a_checkout_is_seen(daemon):
    d = daemon(start=False)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]

    def call(*arguments):
        subprocess.run([*git, *arguments], cwd=d.folder, check=True, capture_output=True, env={**os.environ, "HOME": str(d.base)})
    call("init", "-q", "-b", "main")
    call("add", "-A")
    call("commit", "-q", "-m", "one")
    call("checkout", "-q", "-b", "side")
    d.write({SHAPE: (d.folder / SHAPE).read_text() + "pub fn only_on_side() {}\n", "engine/src/lib.rs": (d.folder / "engine/src/lib.rs").read_text() + "pub mod side;\n",
             "engine/src/side/mod.rs": "pub mod er;\n", "engine/src/side/er.rs": "pub fn far_side() {}\n"})
    (d.folder / "app/tests/whole.rs").unlink()
    call("add", "-A")
    call("commit", "-q", "-m", "two")
    d.start()
    assert {"only_on_side", "far_side"} <= names(d.soon("list", "--limit", 0))
    call("checkout", "-q", "main")
    assert not {"only_on_side", "far_side"} & names(d.soon("list", "--limit", 0))
    call("checkout", "-q", "side")
    assert {"only_on_side", "far_side"} <= names(d.soon("list", "--limit", 0))
    call("stash", "-u") if (d.folder / "untracked").exists() else call("reset", "-q", "--hard", "main")
    assert not {"only_on_side", "far_side"} & names(d.soon("list", "--limit", 0))
    d.same_as_fresh()


def test_who_does_not_wait_is_told_what_is_missing(daemon):
    d = daemon()
    (d.folder / ".git").mkdir()
    with d.connect() as c:
        (d.folder / ".git/index.lock").touch()  # as while git works: a batch waits for it
        d.write({SHAPE: (d.folder / SHAPE).read_text() + "pub fn later() {}\n"})
        answer = valid(c.result("where-defined", target="shape", wait=0), "where-defined")
        assert not answer["complete"] and answer["pending"] >= 1 and SHAPE in answer["stale"]
        assert not d.status()["complete"] and d.status()["pending"] >= 1
        (d.folder / ".git/index.lock").unlink()
        answer = c.result("where-defined", target="later", wait=30000)
        assert answer["complete"] and answer["pending"] == 0 and answer["stale"] == [] and answer["results"]


def test_complete_is_never_said_too_early(daemon):
    """An answer from the snapshot before a save does not become complete because the next one comes while it is made."""
    files = many(8000)
    files["src/lib.rs"] += "pub mod m;\n"
    d = daemon({**files, "src/m.rs": "\n"})
    saved, stop, wrong, answers = [0], threading.Event(), [], [0]

    def ask():
        with d.connect() as c:
            while not stop.is_set():
                before = saved[0]
                answer = c.result("list", limit=4294967295, wait=0)
                seen = max([int(n[5:]) for n in names(answer) if n.startswith("mark_")], default=0)
                answers[0] += 1
                if answer["complete"] and seen < before:
                    wrong.append((before, seen, answer["generation"]))
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for t in threads:
        t.start()
    with d.connect() as c:
        for n in range(1, 31):
            d.write({"src/m.rs": f"pub fn mark_{n}() {{}}\n"})
            saved[0] = n
            c.result("stats", wait=30000)
    stop.set()
    for t in threads:
        t.join()
    assert answers[0] and not wrong, wrong[:3]


def test_lost_events_lose_nothing(daemon):
    """More happens than the system remembers: everything is looked at again, new folders too."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 40000:
        pytest.skip("the queue is too long to fill")
    d = daemon({"Cargo.toml": package("demo"), "src/lib.rs": "\n"})
    os.kill(d.pids[0], signal.SIGSTOP)
    try:
        for n in range(limit + 100):  # neighbours that are equal count once
            os.close(os.open(d.folder / f"src/n{n % 2}.rs", os.O_WRONLY | os.O_CREAT))
        d.write({"src/lib.rs": "pub mod deep;\n", "src/deep/mod.rs": "pub fn one() {}\n"})
    finally:
        os.kill(d.pids[0], signal.SIGCONT)
    assert "one" in names(d.soon("list"))
    d.write({"src/deep/mod.rs": "pub fn two() {}\n"})
    assert "two" in names(d.soon("list"))


def test_watch(daemon):
    d = daemon()
    for options, wanted in ((("--json",), b'"file":"' + SHAPE.encode()), ((), SHAPE.encode() + b": generation")):
        watch = subprocess.Popen([BIN, "watch", *options], cwd=d.folder, env={**os.environ, **d.env}, stdout=subprocess.PIPE)
        until(lambda: d.status()["connections"] == 2, "it is connected")
        with d.connect() as c:
            assert c.result("ping") == "pong"
        time.sleep(0.1)  # its subscription is its first line
        d.write({SHAPE: (d.folder / SHAPE).read_text() + "// x\n"})
        line = watch.stdout.readline()
        assert wanted in line, line
        if options:
            update = json.loads(line)
            assert update["files"] >= 1 and update["generation"] == d.status()["generation"] and update["error"] is None and update["us"] > 0
            watch.terminate()
            watch.communicate(timeout=PATIENCE)
            until(lambda: d.status()["connections"] == 1, "it is gone")
        else:
            d.stop()
            watch.communicate(timeout=PATIENCE)
            assert watch.returncode == 0
    assert d.run("watch").returncode == 4


# --- its protocol ------------------------------------------------------------------------------------------------------


def test_requests_right_and_wrong(daemon):
    d = daemon()
    with d.connect() as c:
        def code(raw, id=None):
            c.send(raw)
            reply = c.receive()
            assert reply["jsonrpc"] == "2.0" and reply["id"] == id and ("result" in reply) != ("error" in reply), reply
            return reply["error"]["code"] if "error" in reply else 0
        for id in (0, -7, 2**62, "", "x", "é\U0001f40d", None):
            assert code({"jsonrpc": "2.0", "id": id, "method": "ping"}, id) == 0
        for id in (1.5, [], {}, True):
            assert code({"jsonrpc": "2.0", "id": id, "method": "ping"}) == -32600
        assert code({"jsonrpc": "2.0", "id": 1, "method": "ping", "more": [1]}, 1) == 0
        assert code(b'\n\r\n\n  {"id":1,\t"method":"ping","jsonrpc":"2.0"}  \r\n', 1) == 0
        for raw in (b"{\n", b"nothing\n", b"\x00\n", b"   \n", b'{"jsonrpc":"2.0","id":1,"method":"ping\x00"}\n', b'{"jsonrpc":"2.0","id":1,"method":"ping\\u0000"}\n', b'"ping"\n', b"\xff\xfe\n",
                    b'{"jsonrpc":"2.0","id":"\xc3","method":"ping"}\n', b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}\n', b'{"jsonrpc":"2.0","id":1,"method":"ping"} {}\n', b"[" * 100000 + b"\n",
                    b'{"a":' * 50000 + b"\n", b'{"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"}\n'):
            assert code(raw) == -32700, raw[:40]
        for raw in ([], [{"jsonrpc": "2.0", "id": 1, "method": "ping"}], {}, {"id": 1}):
            assert code(raw, raw.get("id") if isinstance(raw, dict) else None) == -32600
        for wrong in ({"jsonrpc": "1.0"}, {"jsonrpc": 2.0}, {"method": 5}, {"method": None}):
            assert code({"jsonrpc": "2.0", "id": 3, "method": "ping", **wrong}, 3) == -32600
        for method in ("nope", "", "x" * 5000, "Ping", "rpc.x"):
            assert code({"jsonrpc": "2.0", "id": 3, "method": method}, 3) == -32601
        for params in ([], [1], 5, "x", None, True):
            assert code({"jsonrpc": "2.0", "id": 4, "method": "stats", "params": params}, 4) == -32602
        for wait in (-1, 3600001, 1.5, "1", None, True):
            assert code({"jsonrpc": "2.0", "id": 4, "method": "stats", "params": {"wait": wait}}, 4) == -32602
        for params in ({"target": 5}, {"target": None}, {"target": ["leaf"]}, {}, {"target": "leaf", "second": "x"}, {"second": "x"}, {"target": "leaf", "limit": -1}, {"target": "leaf", "limit": 2**32},
                       {"target": "leaf", "limit": "1"}, {"target": "leaf", "all": 1}, {"target": "leaf", "nonsense": 1}, {"target": "leaf", "": 1}, {"target": "leaf", "store": "x"}):
            assert code({"jsonrpc": "2.0", "id": 5, "method": "callers", "params": params}, 5) == -32005, params
        c.send({"jsonrpc": "2.0", "id": 6, "method": "callers", "params": {"target": "no_such_thing"}})
        failure = c.receive()["error"]
        assert failure["code"] == -32004 and valid(failure["data"], "failure")["target"] == "no_such_thing"
        # notifications are answered by nothing
        c.send({"jsonrpc": "2.0", "method": "stop"}, {"jsonrpc": "2.0", "method": "nope"}, {"jsonrpc": "2.0", "method": "callers", "params": {}})
        assert c.result("ping") == "pong"
        assert valid(c.result("status"), "daemon-status")["pid"] == d.pids[0]
        assert c.result("subscribe") is True and c.result("unsubscribe") is False


def test_sizes_of_requests(daemon):
    d = daemon(TINY)
    head, tail = b'{"jsonrpc":"2.0","id":1,"method":"search","params":{"target":"', b'"}}\n'
    with d.connect() as c:
        c.send(head + b"x" * ((1 << 20) - 200) + tail)
        assert c.receive()["id"] == 1
        assert c.result("ping") == "pong"
    with d.connect() as c:
        try:
            c.send(head + b"x" * (2 << 20) + tail)
            reply = c.receive()
            assert reply["error"]["code"] == -32600 and c.receive() is None
        except (BrokenPipeError, ConnectionResetError):
            pass  # let go while we were writing
    with d.connect() as c:
        assert c.result("ping") == "pong"


def test_a_thousand_requests_in_a_row(daemon):
    d = daemon()
    with d.connect() as c:
        c.send(*[{"jsonrpc": "2.0", "id": n, "method": ("callers", "ping", "stats", "nope")[n % 4], "params": {"target": "leaf"} if n % 4 == 0 else {}} for n in range(1000)])
        c.socket.shutdown(socket.SHUT_WR)  # what was asked is answered still
        replies = [c.receive() for _ in range(1000)]
        assert sorted(r["id"] for r in replies) == list(range(1000)) and c.receive() is None
        assert all(("error" in r) == (r["id"] % 4 == 3) for r in replies)


def test_half_a_request_and_byte_by_byte(daemon):
    d = daemon(TINY)
    for part in (b'{"jsonrpc":"2.0","id":1,"meth', b"{", b'{"jsonrpc":"2.0","id":1,"method":"list"}\n{"'):
        with d.connect() as c:
            c.send(part)
    with d.connect() as c:
        for byte in b'{"jsonrpc":"2.0","id":9,"method":"ping"}\r\n{"jsonrpc":"2.0","id":10,"method":"list"}\n':
            c.send(bytes([byte]))
        assert c.receive()["id"] == 9 and c.receive()["result"]["results"]
    until(lambda: d.status()["connections"] == 1, "the others are gone")


def resident(pid):
    return next(int(line.split()[1]) // 1024 for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


def test_clients_that_do_not_read(daemon):
    d = daemon(many(4000))
    pid, lazy = d.pids[0], [d.connect() for _ in range(6)]
    for c in lazy:
        c.socket.settimeout(0.3)
        try:
            c.send(*[{"jsonrpc": "2.0", "id": n, "method": "list", "params": {"limit": 4294967295}} for n in range(200)])
        except TimeoutError:
            pass  # it does not read on before we do
    most = 0
    with d.connect() as c:
        for _ in range(30):
            assert c.result("ping") == "pong" and c.result("callers", target="f1")["results"] == []
            most = max(most, resident(pid))
            time.sleep(0.02)
    assert most < 400 or "sanitize" in os.environ.get("PARSELTONGUE_BIN", ""), f"{most} MB"
    for c in lazy:
        c.close()
    until(lambda: d.status()["connections"] == 1, "they are gone")
    assert d.ask("stats")["results"]


def test_many_connections(daemon):
    d = daemon(TINY)
    connections = [d.connect() for _ in range(500)]
    for c in connections:
        c.send({"jsonrpc": "2.0", "id": 1, "method": "list"})
    assert all(c.receive()["result"]["results"] for c in connections)
    assert d.status()["connections"] == 501
    for c in connections:
        c.close()
    until(lambda: d.status()["connections"] == 1, "they are gone")


def test_descriptors_do_not_run_out_for_the_index(daemon):
    """Connections take what the process may open; files are read all the same."""
    files = {"Cargo.toml": package("demo"), "src/lib.rs": "".join(f"pub mod m{n};\n" for n in range(4)), **{f"src/m{n}.rs": f"pub fn in_{n}() {{}}\n" for n in range(4)}}
    d = daemon(files, start=False)
    assert subprocess.run(["bash", "-c", f'ulimit -S -n 100; exec "{BIN}" daemon start'], cwd=d.folder, env={**os.environ, **d.env}, capture_output=True, timeout=PATIENCE).returncode == 0
    d.pids.append(d.status()["pid"])
    connections = [d.connect() for _ in range(150)]
    d.write({"src/m0.rs": "pub fn later() {}\n"})
    assert connections[0].result("list", wait=30000)["complete"]
    assert names(connections[0].result("list")) >= {"later", "in_1", "in_2", "in_3"}
    for c in connections:
        c.close()


def test_fifty_subscribers(daemon):
    d = daemon()
    subscribers = [d.connect() for _ in range(50)]
    for c in subscribers:
        assert c.result("subscribe") is True
    d.write({SHAPE: (d.folder / SHAPE).read_text() + "pub fn later() {}\n"})
    for c in subscribers:
        update = c.receive()
        assert update["method"] == "update" and "id" not in update and update["params"]["file"] == SHAPE
        c.close()
    # names that JSON cannot say, or that are long, are told too
    with d.connect() as c:
        assert c.result("subscribe") is True
        deep = d.folder / "engine/src" / ("é" * 100) / ("x" + "é" * 100)
        deep.mkdir(parents=True)
        (deep / "m.rs").write_text("fn x() {}\n")
        assert c.receive()["method"] == "update"
    with d.connect() as c:
        assert c.result("subscribe") is True
        Path(os.fsdecode(os.fsencode(d.folder) + b"/engine/src/\xe9.rs")).write_text("fn x() {}\n")
        assert c.receive()["method"] == "update"


def test_questions_while_files_are_saved(daemon):
    d = daemon()
    stop, failures = threading.Event(), []

    def ask(number):
        last = 0
        try:
            with d.connect() as c:
                while not stop.is_set():
                    for method, params in (("list", {"limit": 50}), ("callers", {"target": "leaf"}), ("unused", {}), ("find-cycles", {}), ("status", {})):
                        answer = c.result(method, **params, **({} if method == "status" else {"wait": number % 3}))
                        assert answer["generation"] >= last
                        last = answer["generation"]
        except Exception as failure:  # noqa: BLE001 - told by the test
            failures.append(failure)
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    text = (d.folder / SHAPE).read_text()
    for n in range(40):
        d.write({SHAPE: text + f"pub fn turn_{n}() {{}}\n", "engine/src/cfgs.rs": f"pub fn only_{n}() {{ crate::outer(); }}\n" * (n % 2)})
        time.sleep(0.01)
    stop.set()
    for t in threads:
        t.join()
    assert not failures, failures[0]
    assert names(d.soon("where-defined", "turn_39")) == {"turn_39"}
    d.same_as_fresh()


def test_stop_in_the_middle_of_everything(daemon):
    d = daemon()
    busy, asking = d.connect(), d.connect()
    busy.send(*[{"jsonrpc": "2.0", "id": n, "method": "index"} for n in range(300)])
    asking.send(*[{"jsonrpc": "2.0", "id": n, "method": "list", "params": {"wait": 3600000}} for n in range(300)])
    busy.receive()
    d.stop()
    d.gone(d.pids[0])
    for c in (busy, asking):  # who does not read does not keep it; what it said before it went may be cut
        try:
            c.lines.read()
        except ConnectionResetError:
            pass
        c.close()


# --- another engine ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["native", "sqlite"])
def test_on_each_engine(daemon, engine):
    d = daemon(start=False)
    store = f"{engine}:{d.folder}/.parseltongue/other"
    d.start("--store", store)
    assert d.status()["store"] == store
    with d.connect() as c:
        for n in range(5):
            d.write({SHAPE: (d.folder / SHAPE).read_text() + f"pub fn later_{n}() {{ leaf_{n}() }}\npub fn leaf_{n}() {{}}\n"})
            answer = valid(c.result("callers", target=f"leaf_{n}", wait=30000), "callers")
            assert answer["complete"] and names(answer) == {f"later_{n}"}
        d.write({"engine/src/cfgs.rs": "\n"})
        assert c.result("list", limit=4294967295, wait=30000)["complete"]
        assert c.ask("callers", target="no_such_thing")["error"]["code"] == -32004
        (d.folder / "engine/src/cfgs.rs").unlink()
        report = c.result("index")
        assert report["query"] == "index" and report["generation"] >= 1
        assert c.result("status")["complete"]
    d.store = store
    d.stop = lambda: Workspace.run(d, "daemon", "stop", env=d.env)
    assert d.stop().returncode == 0
    d.gone(d.pids[0])
    fresh = d.base / "fresh"
    shutil.copytree(d.folder, fresh, ignore=shutil.ignore_patterns(".parseltongue"))
    other = Workspace(fresh)
    other.index()
    assert d.export("--candidates") == other.export("--candidates")
    assert d.run("verify").returncode == 0


def test_tools_are_answered_over_the_socket(daemon):
    """The method that `parseltongue mcp` asks."""
    d = daemon()
    d.soon("stats")
    with d.connect() as c:
        result = c.result("tool", name="search", arguments={"pattern": "Square"}, wait=1000)
        assert set(result) >= {"content", "isError"}
        assert c.ask("tool", arguments={})["error"]["message"].startswith("tool: which one?")
        assert c.ask("tool", name="no_such_tool")["error"]["message"] == "Unknown tool: no_such_tool"
        assert c.ask("tool", name=7)["error"] and c.ask("tool", name="search", arguments=[1])["result"]["isError"]
        assert c.ask("tool", name="search", wait=-1)["error"]["code"] == -32602
