"""The store on disk: damage is told and never made worse, strangers are left alone, the engine answers like memory."""
import json
import shutil
import sqlite3

import pytest
from conftest import DEMO, Workspace


ENGINES = ["native", "sqlite"]


def stored(made, engine):
    """Puts the store where the engine's tests look: a folder's files, or a database."""
    made.store = f"{engine}:{made.folder}/.parseltongue/{engine}"
    return made


def database(made):
    return made.folder / ".parseltongue/sqlite"


def contents(made):
    """Every byte the store has on disk, by name; the empty lock left out."""
    place = made.folder / ".parseltongue"
    return {str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file() and p.name not in ("lock", "sqlite-shm", "sqlite-wal")}


def damage(made, how):
    path = database(made)
    if made.store.startswith("native"):
        folder = made.folder / ".parseltongue/native"
        path = {"noise": folder / "manifest", "empty text": folder / "manifest"}.get(how) or next(folder.glob("tables-*" if how == "cut" else "out-*"))
    raw = bytearray(path.read_bytes())
    if how == "noise":
        raw[0:16] = b"not a database!!"
    elif how == "empty text":
        raw = bytearray(b"hello\n" * 1000)
    elif how == "cut":
        raw = raw[:len(raw) // 2]
    elif how == "image" and made.store.startswith("sqlite"):
        with sqlite3.connect(path) as db:
            data = bytearray(db.execute("SELECT data FROM image WHERE part = 0").fetchone()[0])
            data[len(data) // 2] ^= 0xFF
            db.execute("UPDATE image SET data = ? WHERE part = 0", (bytes(data),))
            db.commit()
        db.close()
        return
    else:
        raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", ["noise", "empty text", "cut", "image"])
def test_a_damaged_store_is_told_and_left_alone(demo_copy, how, engine):
    made = stored(demo_copy(), engine)
    made.index()
    before = made.export()
    assert made.run("verify").returncode == 0
    damage(made, how)
    raw = contents(made)
    for command in (("stats",), ("callers", "leaf"), ("export",), ("index",), ("verify",)):
        done = made.run(*command)
        assert done.returncode == 4, (how, command, done.stdout[:200], done.stderr)
        assert command == ("verify",) or b"rebuild" in done.stderr, done.stderr
        assert contents(made) == raw
    made.ask("stats", code=4)
    report = made.index("--rebuild")
    assert report["rebuilt"]
    assert made.export() == before and made.index()["up_to_date"]
    assert made.run("verify").returncode == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_repair_takes_what_is_whole(demo_copy, engine):
    made = stored(demo_copy(), engine)
    made.index()
    before = made.export()
    damage(made, "image")
    done = made.run("doctor", "--repair")
    assert done.returncode == 0, done.stderr
    assert b"11 of 11 files" in done.stdout, done.stdout
    assert made.export() == before and made.run("verify").returncode == 0
    # what is kept of one file is damaged: that file is read again
    if engine == "native":
        facts = next((made.folder / ".parseltongue/native").glob("facts-*"))
        raw = bytearray(facts.read_bytes())
        raw[len(raw) // 2] ^= 0xFF
        facts.write_bytes(raw)
        assert made.run("verify").returncode == 4
        done = made.run("doctor", "--repair")
        assert done.returncode == 0 and b"10 of 11 files" in done.stdout, done.stdout
        assert made.export() == before and made.run("verify").returncode == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_verify_says_what_it_read(demo_copy, engine):
    made = stored(demo_copy(), engine)
    made.index()
    answer = made.ask("verify")
    assert answer["sound"] and answer["generation"] == 1 and all(row["count"] >= 0 and row["what"] for row in answer["results"])
    damage(made, "image")
    done = made.run("verify", "--json")
    assert done.returncode == 4 and json.loads(done.stdout)["sound"] is False


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("level", ["full", "normal"])
def test_levels_of_durability(demo_copy, engine, level):
    made = stored(demo_copy(), engine)
    made.index("--durability", level)
    made.write({"engine/src/cfgs.rs": "pub fn only() {}\n"})
    assert made.index("--durability", level)["generation"] == 2
    assert made.run("index", "--durability", "hardly").returncode == 2


def test_a_log_becomes_a_base(demo_copy):
    """Edits go to the log until it is long; then base and log are folded, and answers stay the same."""
    made = stored(demo_copy(), "native")
    made.index()
    folder = made.folder / ".parseltongue/native"
    base = next(folder.glob("tables-*")).name
    for n in range(60):
        text = "".join(f"pub fn made_{k}() -> u32 {{ crate::outer(); {k + n} }}\n" for k in range(200))
        made.write({"engine/src/cfgs.rs": text + f"// {n}\n"})
        made.index("--quiet")
        if next(folder.glob("tables-*")).name != base:
            break
    else:
        raise AssertionError("no checkpoint after 60 edits")
    assert len(list(folder.glob("log-*"))) == 1 and len(list(folder.glob("tables-*"))) == 1
    assert made.run("verify").returncode == 0
    export = made.export("--candidates")
    made.store = None
    made.index()
    assert made.export("--candidates") == export


def test_a_strangers_database_is_refused(demo_copy, tmp_path):
    made = demo_copy()
    path = tmp_path / "photos.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE photos(id INTEGER PRIMARY KEY, name TEXT)")
        db.execute("INSERT INTO photos(name) VALUES('cat')")
    db.close()
    raw = path.read_bytes()
    for command in (("index",), ("stats",), ("export",)):
        done = made.run(*command, "--store", f"sqlite:{path}")
        assert done.returncode == 4 and b"something else" in done.stderr, done.stderr
        assert path.read_bytes() == raw
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("photos")) == ["photos.db"]


def test_a_later_versions_store_is_refused(demo_copy):
    made = stored(demo_copy(), "sqlite")
    made.index()
    with sqlite3.connect(database(made)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    raw = database(made).read_bytes()
    for command in ("stats", "index"):
        done = made.run(command)
        assert done.returncode == 4 and b"later version" in done.stderr
        assert database(made).read_bytes() == raw


@pytest.mark.parametrize("engine", ENGINES)
def test_asking_changes_nothing(demo_copy, engine):
    made = stored(demo_copy(), engine)
    made.index()
    raw = contents(made)
    for command in (("stats",), ("callers", "demo_core::leaf"), ("blast-radius", "Square", "--engine", "store"), ("export",)):
        assert made.run(*command).returncode == 0
    assert contents(made) == raw


@pytest.mark.parametrize("engine", ENGINES)
def test_an_unchanged_index_writes_nothing(demo_copy, engine):
    made = stored(demo_copy(), engine)
    made.index()
    raw = contents(made)
    assert made.index()["up_to_date"]
    assert contents(made) == raw


@pytest.mark.parametrize("engine", ENGINES)
def test_a_small_edit_writes_few_rows(demo_copy, engine):
    made = stored(demo_copy(), engine)
    everything = made.index()["rows_written"]
    made.write({"engine/src/macros.rs": "// moved\n" + (made.folder / "engine/src/macros.rs").read_text()})
    assert made.index()["rows_written"] < everything / 4


def test_the_schema_in_the_store_is_sound(demo_copy):
    made = stored(demo_copy(), "sqlite")
    made.index()
    made.write({"engine/src/cfgs.rs": "pub fn only() { crate::outer(); }\n"})
    made.index()
    with sqlite3.connect(database(made)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        _, nodes, edges = made.graph()
        paths = {row[0] for row in db.execute("SELECT path FROM nodes")}
        assert {n["path"] for n in nodes.values()} <= paths
        assert db.execute("SELECT count(*) FROM nodes").fetchone()[0] == len(nodes)
        assert db.execute("SELECT count(*) FROM edges").fetchone()[0] == len({(e["from"], e["kind"], e["to"]) for e in edges})
    db.close()


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """The demo in each engine, after an edit, so that none answers from a fresh base alone."""
    made = {}
    for engine in ENGINES:
        folder = tmp_path_factory.mktemp(engine) / "demo"
        shutil.copytree(DEMO, folder)
        made[engine] = stored(Workspace(folder), engine)
        made[engine].index()
        cfgs = made[engine].folder / "engine/src/cfgs.rs"
        cfgs.write_text(cfgs.read_text() + "pub fn only() { crate::outer(); }\n")
        made[engine].index()
    return made


@pytest.mark.parametrize("command", [("who-implements", "Shape"), ("who-implements", "From"), ("who-implements", "From<Meters>"), ("who-implements", "Debug"),
                                     ("who-implements", "Named"), ("blast-radius", "demo_core::leaf"), ("blast-radius", "Square"),
                                     ("blast-radius", "<Square as Shape>::area"), ("blast-radius", "core::option::Option"), ("blast-radius", "Square", "--depth", "1"),
                                     ("blast-radius", "Square", "--depth", "9"), ("blast-radius", "Square", "--limit", "3"), ("blast-radius", "platform"),
                                     ("find-cycles",), ("find-cycles", "--level", "type"), ("find-cycles", "--level", "call")])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_engine_answers_like_memory(engines, command, engine):
    demo = engines[engine]
    assert demo.ask(*command, "--engine", "store") == demo.ask(*command)


def test_two_workspaces_have_two_uuids(demo, demo_copy):
    made = demo_copy()
    made.index()
    first = made.ask("stats")["store"]
    assert first != demo.ask("stats")["store"]
    made.index()
    assert made.ask("stats")["store"] == first


def test_a_read_only_tree_keeps_its_store_in_the_cache_folder(demo_copy, tmp_path):
    import os
    if os.geteuid() == 0:
        pytest.skip("everything is writable for root")
    made = demo_copy()
    os.chmod(made.folder, 0o555)
    try:
        done = made.run("index", "--json", env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
        assert done.returncode == 0 and str(tmp_path / "cache").encode() in done.stdout
    finally:
        os.chmod(made.folder, 0o755)
