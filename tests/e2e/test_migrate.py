"""Stores copied into stores of another engine, and into a SQLite file."""
import sqlite3

import pytest


def sources(w):
    return w.export("--candidates")


@pytest.mark.parametrize("first, second", [("native", "sqlite"), ("sqlite", "native"), ("native", "native"), ("sqlite", "sqlite")])
def test_a_copy_holds_the_same(demo_copy, tmp_path, first, second):
    w = demo_copy()
    a, b = f"{first}:{tmp_path}/a", f"{second}:{tmp_path}/b"
    w.index("--store", a)
    done = w.run("migrate", a, b)
    assert done.returncode == 0, done.stderr
    assert w.export("--store", a) == w.export("--store", b)
    assert w.run("verify", "--store", b).returncode == 0
    assert w.index("--store", b)["up_to_date"]  # facts and all: nothing is read again


def test_what_came_since_the_base_is_in_the_copy(demo_copy, tmp_path):
    w = demo_copy()
    w.index()
    path = w.folder / "engine/src/shape.rs"
    for i in range(3):
        path.write_text(path.read_text() + f"pub fn added_{i}() {{}}\n")
        w.index()
    assert w.run("migrate", f"native:{w.folder}/.parseltongue/graph", f"sqlite:{tmp_path}/b").returncode == 0
    assert w.export() == w.export("--store", f"sqlite:{tmp_path}/b")
    assert w.ask("where-defined", "added_2", "--store", f"sqlite:{tmp_path}/b")["results"]


def test_export_as_sqlite(demo_copy, tmp_path):
    w = demo_copy()
    w.index()
    assert w.run("export", "--format", "sqlite", "--output", tmp_path / "graph.db").returncode == 0
    with sqlite3.connect(tmp_path / "graph.db") as db:
        assert db.execute("select count(*) from nodes").fetchone()[0] > 100
        assert db.execute("select count(*) from edges").fetchone()[0] > 200
    assert w.run("export", "--format", "sqlite").returncode == 2
    assert w.run("export", "--format", "dot", "--output", tmp_path / "x").returncode == 2


def test_nothing_is_overwritten(demo_copy, tmp_path):
    w = demo_copy()
    w.index()
    here, there = f"native:{w.folder}/.parseltongue/graph", f"sqlite:{tmp_path}/b"
    assert w.run("migrate", here, there).returncode == 0
    before = (tmp_path / "b").read_bytes()
    done = w.run("migrate", here, there)
    assert done.returncode == 2 and b"a graph is there already" in done.stderr
    assert (tmp_path / "b").read_bytes() == before
    (tmp_path / "notes").write_text("my notes\n" * 100)
    assert w.run("migrate", here, f"sqlite:{tmp_path}/notes").returncode == 4
    assert (tmp_path / "notes").read_text() == "my notes\n" * 100


def test_errors(demo_copy, tmp_path):
    w = demo_copy()
    assert w.run("migrate", f"native:{tmp_path}/nothing", f"sqlite:{tmp_path}/b").returncode == 4
    assert not (tmp_path / "b").exists()
    w.index()
    assert w.run("migrate", f"native:{w.folder}/.parseltongue/graph", "magic:x").returncode == 2
    assert w.run("migrate", "native:x").returncode == 2
