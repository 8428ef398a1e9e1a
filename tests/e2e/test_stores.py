"""The store on disk: damage is told and never made worse, strangers are left alone, the engine answers like memory."""
import sqlite3

import pytest


def database(made):
    return made.folder / ".parseltongue/graph.db"


def damage(path, how):
    raw = bytearray(path.read_bytes())
    if how == "noise":
        raw[0:16] = b"not a database!!"
    elif how == "empty text":
        raw = bytearray(b"hello\n" * 1000)
    elif how == "cut":
        raw = raw[:len(raw) // 2]
    elif how == "image":
        with sqlite3.connect(path) as db:
            data = bytearray(db.execute("SELECT data FROM image WHERE part = 0").fetchone()[0])
            data[len(data) // 2] ^= 0xFF
            db.execute("UPDATE image SET data = ? WHERE part = 0", (bytes(data),))
            db.commit()
        db.close()
        return path.read_bytes()
    path.write_bytes(raw)
    return bytes(raw)


@pytest.mark.parametrize("how", ["noise", "empty text", "cut", "image"])
def test_a_damaged_store_is_told_and_left_alone(demo_copy, how):
    made = demo_copy()
    made.index()
    before = made.export()
    raw = damage(database(made), how)
    for command in (("stats",), ("callers", "leaf"), ("export",), ("index",)):
        done = made.run(*command)
        assert done.returncode == 4, (how, command, done.stdout[:200], done.stderr)
        assert b"rebuild" in done.stderr, done.stderr
        assert database(made).read_bytes() == raw
    made.ask("stats", code=4)
    report = made.index("--rebuild")
    assert report["rebuilt"]
    assert made.export() == before and made.index()["up_to_date"]


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
    made = demo_copy()
    made.index()
    with sqlite3.connect(database(made)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    raw = database(made).read_bytes()
    for command in ("stats", "index"):
        done = made.run(command)
        assert done.returncode == 4 and b"later version" in done.stderr
        assert database(made).read_bytes() == raw


def test_asking_changes_nothing(demo_copy):
    made = demo_copy()
    made.index()
    raw = database(made).read_bytes()
    for command in (("stats",), ("callers", "demo_core::leaf"), ("blast-radius", "Square", "--engine", "store"), ("export",)):
        assert made.run(*command).returncode == 0
    assert database(made).read_bytes() == raw


def test_an_unchanged_index_writes_nothing(demo_copy):
    made = demo_copy()
    made.index()
    raw = database(made).read_bytes()
    assert made.index()["up_to_date"]
    assert database(made).read_bytes() == raw


def test_a_small_edit_writes_few_rows(demo_copy):
    made = demo_copy()
    everything = made.index()["rows_written"]
    made.write({"engine/src/macros.rs": "// moved\n" + (made.folder / "engine/src/macros.rs").read_text()})
    assert made.index()["rows_written"] < everything / 4


def test_the_schema_in_the_store_is_sound(demo_copy):
    made = demo_copy()
    made.index()
    made.write({"engine/src/cfgs.rs": "pub fn only() { crate::outer(); }\n"})
    made.index()
    with sqlite3.connect(database(made)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        _, nodes, edges = made.graph()
        stored = {row[0] for row in db.execute("SELECT path FROM nodes")}
        assert {n["path"] for n in nodes.values()} <= stored
        assert db.execute("SELECT count(*) FROM nodes").fetchone()[0] == len(nodes)
        assert db.execute("SELECT count(*) FROM edges").fetchone()[0] == len({(e["from"], e["kind"], e["to"]) for e in edges})
    db.close()


@pytest.mark.parametrize("command", [("who-implements", "Shape"), ("who-implements", "From"), ("who-implements", "From<Meters>"), ("who-implements", "Debug"),
                                     ("who-implements", "Named"), ("blast-radius", "demo_core::leaf"), ("blast-radius", "Square"),
                                     ("blast-radius", "<Square as Shape>::area"), ("blast-radius", "core::option::Option"), ("blast-radius", "Square", "--depth", "1"),
                                     ("blast-radius", "Square", "--depth", "9"), ("blast-radius", "Square", "--limit", "3"), ("blast-radius", "platform"),
                                     ("find-cycles",), ("find-cycles", "--level", "type"), ("find-cycles", "--level", "call")])
def test_the_engine_answers_like_memory(demo, command):
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
