"""What a second index reads, what answers say after an edit, and that incremental equals fresh."""
import json
import os
import random
import shutil

import pytest
from conftest import Workspace

SHAPE = "engine/src/shape.rs"


def touch_later(path):
    """Moves the file's time on, as a later save would, whatever the clock's grain."""
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


def edit(made, name, change):
    path = made.folder / name
    path.write_text(change(path.read_text()))
    touch_later(path)


def fresh_export(made, folder):
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(made.folder, folder, ignore=shutil.ignore_patterns(".parseltongue"))
    other = Workspace(folder)
    other.index("--rebuild")
    return other.export("--candidates")


def test_second_index_is_up_to_date(demo_copy):
    made = demo_copy()
    first = made.index()
    assert not first["up_to_date"] and first["files_read"] == first["files"] == 11
    before = made.export()
    second = made.index()
    assert second["up_to_date"] and second["files_read"] == 0 and second["generation"] == first["generation"]
    assert (second["nodes"], second["edges"]) == (first["nodes"], first["edges"])
    assert b"up to date" in made.run("index").stdout
    assert made.export() == before


def test_an_edit_reads_only_its_file(demo_copy):
    made = demo_copy()
    first = made.index()
    edit(made, SHAPE, lambda t: t.replace("self.side * self.side", "self.side * self.side * 1.0"))
    second = made.index()
    assert second["files_read"] == 1 and second["files"] == 11 and not second["up_to_date"]
    assert second["generation"] == first["generation"] + 1


def test_a_touched_file_changes_nothing(demo_copy):
    made = demo_copy()
    made.index()
    before = made.export()
    touch_later(made.folder / SHAPE)
    assert made.index()["files_read"] <= 1
    assert made.export() == before


def test_rebuild_reads_everything(demo_copy):
    made = demo_copy()
    made.index()
    before = made.export()
    report = made.index("--rebuild")
    assert report["files_read"] == report["files"] and not report["up_to_date"] and not report["rebuilt"]
    assert made.export() == before


def test_answers_tell_what_is_stale(demo_copy):
    made = demo_copy()
    made.index()
    edit(made, SHAPE, lambda t: t + "\npub fn later() {}\n")
    (made.folder / "app/src/report.rs").unlink()
    answer = made.ask("callers", "Joiner::join")
    assert not answer["complete"] and sorted(answer["stale"]) == ["app/src/report.rs", SHAPE]
    assert answer["results"]
    answer = made.ask("callers", "Joiner::join", "--stale-ok")
    assert answer["complete"] and answer["stale"] == []
    assert b"stale" in made.run("callers", "Joiner::join").stdout or b"changed" in made.run("callers", "Joiner::join").stdout
    made.write({"app/src/report.rs": "pub fn render(_: &engine::Square) -> String { String::new() }\n"})
    made.index()
    assert made.ask("callers", "Joiner::join")["complete"]


def test_a_line_on_top_moves_lines_and_keeps_ids(demo_copy):
    made = demo_copy()
    made.index()
    before = {n["path"]: n for n in made.nodes(file=SHAPE)}
    edit(made, SHAPE, lambda t: "// one more line\n" + t)
    report = made.index()
    after = {n["path"]: n for n in made.nodes(file=SHAPE)}
    assert before.keys() == after.keys()
    for path, node in after.items():
        old = before[path]
        assert (node["id"], node["interface"]) == (old["id"], old["interface"])
        assert node["kind"] == "module" or node["line"] == old["line"] + 1
    assert report["files_read"] == 1


def test_a_body_edit_keeps_interfaces_and_a_contract_edit_does_not(demo_copy):
    made = demo_copy()
    made.index()

    def interfaces():
        return {n["path"]: (n["id"], n["interface"]) for n in made.nodes(external=False)}
    before = interfaces()
    edit(made, SHAPE, lambda t: t.replace("self.side * self.side", "self.side.powi(2)"))
    made.index()
    assert interfaces() == before
    edit(made, SHAPE, lambda t: t.replace("pub fn measure_dyn(shape: &dyn Named) -> String", "pub fn measure_dyn(shape: &mut dyn Named) -> String"))
    made.index()
    after = interfaces()
    changed = {p for p in after if after[p] != before[p]}
    assert changed == {"demo_core::shape::measure_dyn"}
    assert after["demo_core::shape::measure_dyn"][0] == before["demo_core::shape::measure_dyn"][0]


def test_files_added_removed_renamed(demo_copy, tmp_path):
    made = demo_copy()
    made.index()
    made.write({"engine/src/extra.rs": "pub fn extra() -> u32 { crate::outer() }\n"})
    edit(made, "engine/src/lib.rs", lambda t: t.replace("pub mod shape;", "pub mod shape;\npub mod extra;"))
    made.index()
    assert "demo_core::extra::extra" in made.paths("callers", "demo_core::outer")
    assert made.export("--candidates") == fresh_export(made, tmp_path / "a")
    (made.folder / "engine/src/extra").mkdir()
    (made.folder / "engine/src/extra.rs").rename(made.folder / "engine/src/extra/mod.rs")
    made.index()
    assert {n["file"] for n in made.nodes(path="demo_core::extra::extra")} == {"engine/src/extra/mod.rs"}
    assert made.export("--candidates") == fresh_export(made, tmp_path / "b")
    shutil.rmtree(made.folder / "engine/src/extra")
    edit(made, "engine/src/lib.rs", lambda t: t.replace("\npub mod extra;", ""))
    made.index()
    assert "demo_core::extra::extra" not in made.paths("callers", "demo_core::outer")
    assert made.export("--candidates") == fresh_export(made, tmp_path / "c")


def test_a_module_file_that_appears_is_seen(demo_copy, tmp_path):
    made = demo_copy()
    edit(made, "engine/src/lib.rs", lambda t: t.replace("pub mod shape;", "pub mod shape;\npub mod extra;"))
    made.index()
    made.write({"engine/src/extra.rs": "pub fn extra() -> u32 { crate::outer() }\n"})
    edit(made, "engine/src/lib.rs", lambda t: t + "\n")
    made.index()
    assert "demo_core::extra::extra" in made.paths("callers", "demo_core::outer")


def test_manifest_edits_are_seen(demo_copy, tmp_path):
    made = demo_copy()
    made.index()
    edit(made, "engine/Cargo.toml", lambda t: t.replace('default = ["fast"]', 'default = ["slow"]'))
    made.index()
    host = made.paths("list", "--limit", 0, "--cfg", "host")
    assert "demo_core::cfgs::slow" in host and "demo_core::cfgs::fast" not in host
    edit(made, "engine/Cargo.toml", lambda t: t.replace('name = "demo-core"', 'name = "demo-kernel"'))
    edit(made, "app/Cargo.toml", lambda t: t.replace('package = "demo-core"', 'package = "demo-kernel"'))
    made.index()
    assert "app[bin:app]::report::render" in made.paths("callers", "demo_kernel::outer")
    assert made.export("--candidates") == fresh_export(made, tmp_path / "fresh")


# --- property: after any edits, incremental equals fresh ---------------------------------------------------------------

SNIPPETS = ["pub fn added{n}() -> u32 {{ crate::outer() }}\n", "pub struct Added{n} {{ pub a: u32 }}\n", "impl Clone for Added{n} {{ fn clone(&self) -> Self {{ loop {{}} }} }}\n",
            "#[cfg(unix)]\npub fn twin{n}() {{}}\n#[cfg(not(unix))]\npub fn twin{n}() {{}}\n", "macro_rules! made{n} {{ ($a:ident) => {{ pub fn $a() {{ helper{n}() }} }} }}\n",
            "pub use std::vec::Vec as Renamed{n};\n", "pub trait Added{n}T {{ fn go(&self) -> u32 {{ 1 }} }}\n", "// a comment\n", "\n\n", "pub mod inside{n} {{ pub fn f() {{ super::super::outer(); }} }}\n",
            "pub const C{n}: usize = 4;\n", "fn broken{n}( {{ }}\n", "#[derive(Debug, Clone)] pub enum E{n} {{ A, B(u32), C {{ x: Vec<u8> }} }}\n"]


def random_edit(rng, made, n):
    files = sorted(p for p in made.folder.rglob("*.rs"))
    path = rng.choice(files)
    lines = path.read_text().splitlines(keepends=True)
    kind = rng.choice(["insert", "delete", "swap", "rename", "duplicate", "word"])
    at = rng.randrange(len(lines) + 1)
    if kind == "insert" or not lines:
        lines.insert(at, rng.choice(SNIPPETS).format(n=n))
    elif kind == "delete":
        del lines[at:at + rng.randint(1, 3)]
    elif kind == "swap" and at + 1 < len(lines):
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    elif kind == "duplicate" and at < len(lines):
        lines.insert(at, lines[at])
    else:
        old, new = rng.choice([("area", "surface"), ("Square", "Box2"), ("outer", "leaf"), ("helper", "check"), ("pub ", ""), ("f64", "u32"), ("&self", "self"), ("fn ", "pub fn ")])
        lines = "".join(lines).replace(old, new, rng.randint(1, 4)).splitlines(keepends=True)
    path.write_text("".join(lines))
    touch_later(path)
    return f"{kind} {path.relative_to(made.folder)}:{at + 1}"


QUESTIONS = [("list", "--limit", 0), ("overview",), ("unused", "--limit", 0), ("unused", "--candidates", "--limit", 0), ("doctor",), ("search", "a"), ("search", "Squ"),
             ("find-cycles", "--limit", 0), ("find-cycles", "--level", "type", "--limit", 0), ("find-cycles", "--level", "call", "--limit", 0), ("entities-in", SHAPE),
             ("used-by", "outer", "--all", "--candidates", "--limit", 0), ("who-implements", "Clone", "--all", "--limit", 0), ("where-defined", "area"),
             ("blast-radius", "outer", "--all", "--limit", 0), ("explain", f"{SHAPE}:20"), ("callers", "no_such_name")]


def answers(made):
    """What must not depend on the way to a state: all but the store's name, its generation, and which of equally short ways
    a `why` tells."""
    def plain(answer):
        for row in answer.get("results", []):
            row.pop("why", None)
        return {k: v for k, v in answer.items() if k not in ("store", "generation")}
    return {question: plain(json.loads(made.run(*question, "--json").stdout)) for question in QUESTIONS}


@pytest.mark.parametrize("engine", ["native", "sqlite"])
@pytest.mark.parametrize("round", range(3))
def test_incremental_equals_fresh(demo_copy, tmp_path, round, engine):
    seed = int(os.environ.get("PARSELTONGUE_SEED", 20240607)) + round
    print(f"seed {seed - round} (PARSELTONGUE_SEED), round {round}")
    rng = random.Random(seed)
    made = demo_copy()
    made.store = f"{engine}:{made.folder}/.parseltongue/{engine}"
    made.index()
    done = []
    for step in range(8):
        for _ in range(rng.randint(1, 3)):
            done.append(random_edit(rng, made, step))
        made.index("--threads", rng.choice([1, 2]))
        incremental, fresh = made.export("--candidates"), fresh_export(made, tmp_path / "fresh")
        if incremental != fresh:
            a, b = set(incremental.splitlines()), set(fresh.splitlines())
            pytest.fail(f"seed {seed}, after {done}:\nonly incremental: {sorted(a - b)[:5]}\nonly fresh: {sorted(b - a)[:5]}")
        assert made.run("verify").returncode == 0, (seed, done)
        ours, theirs = answers(made), answers(Workspace(tmp_path / "fresh"))
        for question in QUESTIONS:
            assert ours[question] == theirs[question], (seed, done, question)
