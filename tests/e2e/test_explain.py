"""explain: why there is an edge, or why there is none; and what a settled receiver spares the blast radius."""
import pytest
from conftest import Workspace, package

LIB = """
pub trait Shape {
    fn area(&self) -> u32;
    fn twice(&self) -> u32 { self.area() * 2 }
}
pub struct Square;
pub struct Circle;
impl Shape for Square {
    fn area(&self) -> u32 { 1 }
    fn twice(&self) -> u32 { 4 }
}
impl Shape for Circle {
    fn area(&self) -> u32 { 3 }
}
pub trait Doubled { fn doubled(&self) -> u32; }
impl<T: Shape> Doubled for T { fn doubled(&self) -> u32 { self.twice() } }

pub fn settled(c: &Circle) -> u32 { c.twice() }
pub fn of_dyn(s: &dyn Shape) -> u32 { s.twice() }
pub fn generic<S: Shape>(s: S) -> u32 { s.twice() }
pub fn own(q: Square) -> u32 { q.twice() }
pub fn blanket(c: Circle) -> u32 { c.doubled() }
macro_rules! call_own { () => { own(Square) } }
pub fn expanded() -> u32 { call_own!() }
pub fn lost(x: Unknown) -> u32 { x.area() }
pub fn text() -> String { format!("{}", 1).to_string() }
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    w = Workspace(tmp_path_factory.mktemp("explain"), {"Cargo.toml": package("demo"), "src/lib.rs": LIB})
    w.index()
    return w


def explained(w, *arguments):
    return [(r["from"], r["kind"], r.get("to", r.get("name")), r.get("rule", r.get("reason")), " / ".join(r["steps"])) for r in w.rows("explain", *arguments)]


def test_an_edge_says_how_it_was_told(made):
    row, = explained(made, "of_dyn", "Shape::twice")
    assert row[1:4] == ("calls", "demo::Shape::twice", "written")
    assert "a method call" in row[4] and "dyn" in row[4]
    row, = explained(made, "own", "Square::twice")
    assert "the member of its impl" in row[4]
    row, = explained(made, "blanket", "doubled")
    assert row[1:4] == ("calls", "<T as demo::Doubled>::doubled", "blanket")


def test_a_macro_is_named(made):
    row, = explained(made, "expanded", "own")
    assert row[1] == "calls" and "demo::call_own" in row[4] and "macro" in row[4]


def test_what_is_not_meant_is_told(made):
    row, = explained(made, "settled", "<Square as Shape>::twice")
    assert row[2] == "demo::Shape::twice" and "not meant" in row[4]
    row, = explained(made, "of_dyn", "<Square as Shape>::twice")
    assert row[2] == "demo::Shape::twice" and "may be what runs" in row[4]
    row, = explained(made, "own", "Shape::twice")
    assert row[2] == "<demo::Square as demo::Shape>::twice" and "not to the asked one" in row[4]
    assert explained(made, "own", "blanket") == []


def test_the_step_that_failed(made):
    answer = made.ask("explain", "lost", "Shape::area")
    assert [(r["kind"], r.get("name")) for r in answer["results"] if r["kind"] == "unresolved"] == [("unresolved", "area")]
    assert answer["results"][-1]["reason"] in ("unknown receiver", "no such name", "dependency absent")
    assert sum(answer["unresolved"].values()) == 1


def test_a_line(made):
    line = next(i for i, text in enumerate(LIB.splitlines(), 1) if text.startswith("pub fn own"))
    rows = explained(made, f"src/lib.rs:{line}")
    assert ("demo::own", "calls", "<demo::Square as demo::Shape>::twice") in {r[:3] for r in rows}
    assert ("demo::own", "accepts", "demo::Square") in {r[:3] for r in rows}
    assert [r["col"] for r in made.rows("explain", f"lib.rs:{line}")] == sorted(r["col"] for r in made.rows("explain", f"lib.rs:{line}"))
    column = LIB.splitlines()[line - 1].index("twice") + 1
    assert [r[1] for r in explained(made, f"./src/lib.rs:{line}:{column}")] == ["calls"]
    assert explained(made, "src/lib.rs:1") == []
    text = made.run("explain", f"src/lib.rs:{line}").stdout.decode()
    assert f"src/lib.rs:{line}:{column}" in text and "1. " in text
    assert made.run("explain", "nowhere.rs:3").returncode == 3
    assert made.run("explain", "own").returncode == 2


@pytest.mark.parametrize("engine", ["memory", "store"])
def test_a_settled_receiver_is_no_way_to_another_impl(made, engine):
    reached = {r["path"] for r in made.rows("blast-radius", "<Square as Shape>::twice", "--depth", 1, "--engine", engine)}
    assert "demo::settled" not in reached
    assert {"demo::of_dyn", "demo::generic", "demo::own"} <= reached
    trait = {r["path"] for r in made.rows("blast-radius", "Shape::twice", "--depth", 1, "--engine", engine)}
    assert {"demo::settled", "demo::of_dyn", "demo::generic"} <= trait


def test_the_store_follows_a_receiver_that_is_no_longer_settled(tmp_path):
    w = Workspace(tmp_path, {"Cargo.toml": package("demo"), "src/lib.rs": LIB})
    w.index()
    for text in (LIB.replace("settled(c: &Circle)", "settled(c: &dyn Shape)"), LIB):
        (w.folder / "src/lib.rs").write_text(text)
        w.index()
        for engine in ("memory", "store"):
            reached = {r["path"] for r in w.rows("blast-radius", "<Square as Shape>::twice", "--engine", engine)}
            assert ("demo::settled" in reached) == (text is not LIB)
