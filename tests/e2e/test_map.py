"""What the dashboard draws: neighbourhoods and modules."""
import itertools

from conftest import Workspace, package

FILES = {
    "Cargo.toml": package("demo"),
    "src/lib.rs": "pub mod a;\npub mod b;\npub mod c { pub mod d { pub fn deep() { crate::a::first(); } } }\n",
    "src/a.rs": "pub struct Thing { pub size: u32 }\npub fn first() -> Thing { second(); Thing { size: 1 } }\nfn second() { crate::b::third(); }\n",
    "src/b.rs": "pub fn third() { fourth(); }\nfn fourth() { String::new(); }\n#[cfg(test)]\nmod tests { #[test] fn checks() { super::third(); } }\n",
}


def names(answer, depth=None):
    return {r["path"].removeprefix("demo::") for r in answer["results"] if depth is None or r["depth"] == depth}


def test_a_neighbourhood_goes_both_ways_by_steps(tmp_path):
    w = Workspace(tmp_path / "w", FILES)
    w.index()
    one = w.ask("neighbourhood", "third")
    assert names(one, 0) == {"b::third"} and names(one, 1) == {"a::second", "b::fourth", "b::tests::checks"}, names(one)
    two = w.ask("neighbourhood", "third", "--depth", 2)
    assert names(two, 1) == names(one, 1) and names(two, 2) == {"a::first", "alloc::string::String", "alloc::string::String::new"}, names(two)
    assert names(w.ask("neighbourhood", "third", "--depth", 9)) >= {"a::Thing", "c::d::deep", "a::Thing::size"}
    # all edges between what is shown, each told as `uses` and `used-by` tell it
    rows = two["results"]
    told = {(rows[e["from"]]["path"], rows[e["to"]]["path"], e["edge"]) for e in two["edges"]}
    assert len(told) == len(two["edges"])
    shown = {r["path"] for r in rows}
    for row in rows:
        if row.get("external"):
            continue
        found = {(row["path"], r["path"], r["edge"]) for r in w.ask("uses", row["path"])["results"] if r["path"] in shown}
        assert found == {t for t in told if t[0] == row["path"] and t[2] != "contains"}, row
    # the best of each step first: the workspace's own, tests behind
    limited = w.ask("neighbourhood", "third", "--limit", 3)
    assert limited["truncated"] and limited["total"] == 4 and names(limited) == {"b::third", "a::second", "b::fourth"}
    assert all(max(e["from"], e["to"]) < 3 for e in limited["edges"])


def test_modules_hold_their_own_and_refer_to_others(tmp_path):
    w = Workspace(tmp_path / "w", FILES)
    w.index()
    answer = w.ask("modules")
    rows = {r["path"]: r for r in answer["results"]}
    assert set(rows) == {"demo", "demo::a", "demo::b", "demo::b::tests", "demo::c", "demo::c::d"}
    assert rows["demo::a"]["items"] == 4 and rows["demo::c"]["items"] == 0 and rows["demo::b::tests"]["test"]
    listed = [r["path"] for r in answer["results"]]
    edges = {(listed[e["from"]], listed[e["to"]]): e["references"] for e in answer["edges"]}
    assert edges == {("demo::a", "demo::b"): 1, ("demo::b::tests", "demo::b"): 1, ("demo::c::d", "demo::a"): 1}, edges
    for path, row in rows.items():
        assert row["uses"] == sum(a == path for a, _ in edges) and row["used_by"] == sum(b == path for _, b in edges)
    biggest = w.ask("modules", "--limit", 2)
    assert [r["path"] for r in biggest["results"]] == ["demo::a", "demo::b"] and biggest["total"] == 6
    assert [(e["from"], e["to"]) for e in biggest["edges"]] == [(0, 1)]


def test_the_order_does_not_depend_on_how_the_index_was_made(demo, tmp_path):
    again = Workspace(tmp_path / "w")
    for limit, item in itertools.product((5, 0), ("Shape", "Square")):
        mine = demo.ask("neighbourhood", item, "--depth", 2, "--limit", limit, "--candidates")
        if not again.folder.exists() or not (again.folder / "Cargo.toml").exists():
            again.write({p.relative_to(demo.folder).as_posix(): p.read_text() for p in demo.folder.rglob("*") if p.is_file() and ".parseltongue" not in p.parts})
            again.index()
        other = again.ask("neighbourhood", item, "--depth", 2, "--limit", limit, "--candidates")
        assert (mine["results"], mine["edges"]) == (other["results"], other["edges"])


def test_each_twin_of_a_module_shows_what_it_holds(tmp_path):
    w = Workspace(tmp_path / "w", {"Cargo.toml": package("demo"), "src/lib.rs": "#[cfg(unix)]\npub mod os { pub fn one() {} }\n#[cfg(not(unix))]\npub mod os { pub fn other() {} }\n"})
    w.index()
    answer = w.ask("neighbourhood", "demo::os")
    assert len([r for r in answer["results"] if r["depth"] == 0]) == 2 and {"os::one", "os::other"} <= names(answer, 1)
