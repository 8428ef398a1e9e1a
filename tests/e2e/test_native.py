"""The native store under the real program: killed writers, readers beside writers, locks, damage, repair."""
import fcntl
import json
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import threading
import time

import pytest

from conftest import BIN, Workspace, package

MEMBERS = 6


def crate_files(step):
    """A workspace that differs from step to step: bodies, items, a file that comes and goes, lines that shift."""
    lib = "".join(f"pub mod m{i};\n" for i in range(MEMBERS)) + ("pub mod extra;\n" if step % 3 == 1 else "")
    files = {"Cargo.toml": package("demo"), "src/lib.rs": "// moved\n" * (step % 4) + lib + f"pub fn only_{step}() {{ m0::go() }}\n"}
    for i in range(MEMBERS):
        calls = " ".join(f"crate::m{(i + k) % MEMBERS}::f{k}();" for k in range(step % 5))
        files[f"src/m{i}.rs"] = (f"pub struct S{i};\nimpl Clone for S{i} {{ fn clone(&self) -> Self {{ S{i} }} }}\n" +
                                 "".join(f"pub fn f{k}() {{ {calls if k == 0 else 'f0();'} }}\n" for k in range(8)) +
                                 f"pub fn go() {{ f{step % 8}(); unknown_{step % 3}() }}\n" + ("fn broken( { }\n" if (step + i) % 11 == 5 else ""))
    if step % 3 == 1:
        files["src/extra.rs"] = f"pub fn extra_{step}() {{ crate::only_{step}() }}\n"
    return files


def put(made, step):
    (made.folder / "src/extra.rs").unlink(missing_ok=True)
    made.write(crate_files(step))


@pytest.fixture
def small(tmp_path):
    made = Workspace(tmp_path / "workspace")
    put(made, 0)
    return made


def store_of(made):
    return made.folder / ".parseltongue/graph"


def fresh_export(made, tmp_path, name="fresh"):
    shutil.rmtree(tmp_path / name, ignore_errors=True)
    made.index("--store", f"native:{tmp_path / name}")
    return made.export("--store", f"native:{tmp_path / name}")


def names(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def start(made, *arguments):
    return subprocess.Popen([BIN, *arguments], cwd=made.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_killed_writer_loses_nothing_that_was_told(small, tmp_path):
    """At either level: a process that dies takes nothing with it that it had acknowledged."""
    chance = random.Random(7)
    small.index()
    begun = time.monotonic()
    put(small, 1)
    small.index()
    whole = time.monotonic() - begun
    last = small.ask("stats", "--stale-ok")["generation"]
    killed = 0
    for step in range(2, 27):
        put(small, step)
        level = "full" if step % 2 else "normal"
        process = start(small, "index", "--json", "--durability", level, *(["--rebuild"] if step % 5 == 0 else []))
        time.sleep(chance.random() * whole * 1.2)
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
        killed += process.returncode == -signal.SIGKILL
        done = small.run("verify", "--json")
        assert done.returncode == 0, (step, done.stdout, done.stderr)
        now = small.ask("stats", "--stale-ok")["generation"]
        assert last <= now <= last + 1, step
        if out.strip():
            assert now == json.loads(out)["generation"], step
        last = now
    assert killed > 5
    small.index()
    assert small.run("verify").returncode == 0
    assert small.export() == fresh_export(small, tmp_path)
    left = {p.name.split("-")[0] for p in store_of(small).iterdir()}
    assert left <= {"lock", "manifest", "tables", "out", "in", "facts", "log"}


def test_a_killed_first_index_is_no_harm(tmp_path):
    for i in range(8):
        made = Workspace(tmp_path / f"w{i}")
        put(made, i)
        process = start(made, "index", "--json")
        time.sleep(0.004 * i)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done = made.run("stats", "--json")
        assert done.returncode in (0, 4), done.stderr
        made.index()
        assert made.run("verify").returncode == 0
        assert made.export() == fresh_export(made, tmp_path, f"fresh{i}")


def test_readers_beside_a_writer(small):
    """Every answer is whole, and time does not run backwards."""
    small.index()
    stop = threading.Event()
    problems, seen = [], []

    def read(command):
        last = 0
        while not stop.is_set():
            done = small.run(*command, "--json")
            try:
                assert done.returncode == 0, (command, done.returncode, done.stdout, done.stderr)
                generation = json.loads(done.stdout)["generation"]
                assert generation >= last, (command, generation, last)
                last = generation
            except Exception as e:
                problems.append(repr(e))
                return
        seen.append(last)

    threads = [threading.Thread(target=read, args=(command,))
               for command in (("stats", "--stale-ok"), ("stats", "--stale-ok"), ("callers", "demo::m0::go", "--stale-ok"), ("verify",))]
    for thread in threads:
        thread.start()
    try:
        for step in range(1, 40):
            put(small, step)
            if step % 4 < 2:  # more changes than not: a new base, the old one's files go
                small.write({"src/m0.rs": (small.folder / "src/m0.rs").read_text() + "".join(f"fn big_{k}() {{ f0() }}\n" for k in range(300))})
            small.index()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems, problems[:3]
    assert max(seen) > 5


@pytest.mark.parametrize("command", [("index",), ("index", "--rebuild"), ("doctor", "--repair")])
def test_one_writer(small, command):
    small.index()
    put(small, 1)
    before = names(store_of(small))
    with open(store_of(small) / "lock", "rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = small.run(*command)
        assert done.returncode == 4 and b"another process" in done.stderr, (done.returncode, done.stdout, done.stderr)
        assert names(store_of(small)) == before
        small.ask("stats", "--stale-ok")  # readers need no lock
    small.index()


def test_a_later_version_is_left_alone(small):
    small.index()
    path = store_of(small) / "manifest"
    raw = bytearray(path.read_bytes())
    raw[4:6] = struct.pack("<H", 99)
    path.write_bytes(raw)
    before = names(store_of(small))
    for command in ("stats", "export", "index", "verify"):
        done = small.run(command)
        assert done.returncode == 4 and b"later version" in done.stderr, (command, done.stderr)
        assert names(store_of(small)) == before


def test_a_strangers_manifest_is_left_alone(small):
    small.index()
    (store_of(small) / "manifest").write_text('{"name": "photos"}\n')
    before = names(store_of(small))
    for command in ("stats", "index", "verify"):
        done = small.run(command)
        assert done.returncode == 4 and b"not a manifest" in done.stderr, (command, done.stderr)
        assert names(store_of(small)) == before


def kinds(made):
    """One file of each kind of the store."""
    return {p.name.split("-")[0]: p for p in sorted(store_of(made).iterdir()) if p.name != "lock"}


@pytest.mark.parametrize("kind", ["manifest", "tables", "out", "in", "facts", "log"])
@pytest.mark.parametrize("how", ["flipped", "cut", "removed", "emptied"])
def test_damage_is_told_and_repaired(small, tmp_path, kind, how):
    for step in range(3):
        put(small, step)
        small.index()
    want = fresh_export(small, tmp_path)
    assert small.run("verify").returncode == 0
    path = kinds(small)[kind]
    raw = bytearray(path.read_bytes())
    if how == "flipped":
        raw[len(raw) * 2 // 3] ^= 0x10
        path.write_bytes(raw)
    elif how == "cut":
        path.write_bytes(raw[:len(raw) // 2])
    elif how == "emptied":
        path.write_bytes(b"")
    else:
        path.unlink()
    before = names(store_of(small))
    done = small.run("verify", "--json")
    assert done.returncode == 4 and json.loads(done.stdout)["sound" if b"sound" in done.stdout else "error"] is not True, done.stdout
    put(small, 3)  # so that there is something to do
    if (kind, how) != ("manifest", "removed"):  # no manifest: no store, a new one begins
        done = small.run("index")
        assert done.returncode == 4 and b"repair" in done.stderr, (done.returncode, done.stdout, done.stderr)
        assert names(store_of(small)) == before
        if kind != "facts":
            done = small.run("stats", "--stale-ok")
            assert done.returncode == 4 and b"repair" in done.stderr, (done.stdout, done.stderr)
    put(small, 2)
    done = small.run("doctor", "--repair")
    assert done.returncode == 0, done.stderr
    assert small.run("verify").returncode == 0
    assert small.export() == want
    assert small.index()["up_to_date"]


def test_repair_takes_what_is_whole(small):
    small.index()
    path = kinds(small)["tables"]
    raw = bytearray(path.read_bytes())
    raw[-9] ^= 1
    path.write_bytes(raw)
    done = small.run("doctor", "--repair")
    assert done.returncode == 0 and b"of 7 of 7 files was whole" in done.stdout, done.stdout


def test_the_wrong_files_are_told(small, tmp_path):
    """Files of another store, and a manifest of an older checkpoint."""
    small.index()
    other = Workspace(tmp_path / "other")
    put(other, 5)
    other.index()
    old = (store_of(small) / "manifest").read_bytes()
    put(small, 1)
    assert small.run("doctor", "--repair").returncode == 0
    new = (store_of(small) / "manifest").read_bytes()
    before = names(store_of(small))
    (store_of(small) / "manifest").write_bytes(old)
    for command in ("stats", "index", "verify"):
        assert small.run(command).returncode == 4, command
    assert names(store_of(small)) == {**before, "manifest": old}
    (store_of(small) / "manifest").write_bytes(new)
    small.ask("stats")
    for kind, path in kinds(small).items():
        raw = path.read_bytes()
        path.write_bytes(kinds(other)[kind].read_bytes())
        done = small.run("verify")
        assert kind == "manifest" or done.returncode == 4, (kind, done.stdout)
        path.write_bytes(raw)
    assert small.run("verify").returncode == 0


def test_a_copied_store_is_read_through_once_and_good(small, tmp_path):
    """Another file system's numbers for the same bytes: nothing is lost, only looked at."""
    small.index()
    shutil.copytree(store_of(small), tmp_path / "copy")
    assert small.export("--store", f"native:{tmp_path / 'copy'}") == small.export()
    assert small.run("verify", "--store", f"native:{tmp_path / 'copy'}").returncode == 0


def test_a_read_only_store_can_be_asked(small):
    small.index()
    put(small, 1)
    small.index()
    folder = store_of(small)
    want = small.export()
    before = names(folder)
    modes = {p: stat.S_IMODE(p.stat().st_mode) for p in [*folder.iterdir(), folder]}
    for p in modes:
        os.chmod(p, 0o555 if p.is_dir() else 0o444)
    try:
        small.ask("stats")
        small.rows("callers", "demo::m0::f0")
        assert small.export() == want
        assert small.run("verify").returncode == 0
        assert names(folder) == before
        if os.geteuid() != 0:
            put(small, 2)
            done = small.run("index")
            assert done.returncode == 4 and done.stderr, done.stdout
            assert names(folder) == before
    finally:
        for p, mode in modes.items():
            os.chmod(p, mode)


def test_many_small_edits_end_in_checkpoints(small, tmp_path):
    """Files of the store stay few, whatever is edited how often."""
    small.index()
    for step in range(1, 60):
        put(small, step)
        small.index()
        assert len(list(store_of(small).iterdir())) < 16
    assert small.run("verify").returncode == 0
    assert small.export() == fresh_export(small, tmp_path)
