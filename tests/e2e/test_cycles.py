"""Cycles and unused items on sources made for them."""


def members(rows):
    return sorted(sorted(m["path"] for m in r["members"]) for r in rows)


CYCLES = """
pub mod a { pub fn one() { crate::b::two(); } pub struct A { pub b: Option<Box<crate::b::B>> } }
pub mod b { pub fn two() { crate::c::three(); } pub struct B { pub c: Vec<crate::c::C> } }
pub mod c { pub fn three() { crate::a::one(); } pub struct C { pub a: Option<Box<crate::a::A>> } }
pub mod d { pub fn alone() { super::e::end(); } pub struct D; }
pub mod e { use crate::d::D; pub fn end() {} pub fn recursive(n: u32) { if n > 0 { recursive(n - 1) } } }
pub mod f { pub struct Tree { pub children: Vec<Tree> } pub fn ping() { pong() } pub fn pong() { ping() } }
"""


def test_cycles_at_three_levels(crate):
    made = crate(CYCLES)
    modules = made.rows("find-cycles")
    assert members(modules) == [["demo::a", "demo::b", "demo::c"]]
    assert modules == made.rows("find-cycles", "--level", "module")
    assert sorted((e["from"], e["to"]) for e in modules[0]["edges"]) == [("demo::a", "demo::b"), ("demo::b", "demo::c"), ("demo::c", "demo::a")]
    assert members(made.rows("find-cycles", "--level", "type")) == [["demo::a::A", "demo::b::B", "demo::c::C"]]
    assert members(made.rows("find-cycles", "--level", "call")) == [["demo::a::one", "demo::b::two", "demo::c::three"], ["demo::f::ping", "demo::f::pong"]]
    for level in ("module", "type", "call"):
        answer = made.ask("find-cycles", "--level", level)
        assert answer["total"] == len(answer["results"])
        assert made.ask("find-cycles", "--level", level, "--engine", "store") == answer
    assert made.ask("find-cycles", "--level", "call", "--limit", "1")["total"] == 2


def test_no_cycles(crate):
    made = crate("pub mod a { pub fn f() { crate::b::g() } }\npub mod b { pub fn g() {} }\n")
    for level in ("module", "type", "call"):
        assert made.ask("find-cycles", "--level", level)["results"] == []


def test_cycles_through_method_calls(crate):
    made = crate("pub struct S;\nimpl S { pub fn a(&self) { self.b() } pub fn b(&self) { self.a() } }\n")
    assert members(made.rows("find-cycles", "--level", "call")) == [["demo::S::a", "demo::S::b"]]


UNUSED = """
trait Speak { fn speak(&self); fn louder(&self) { self.speak() } }
struct Dog;
impl Speak for Dog { fn speak(&self) {} }
pub fn api() { Dog.louder(); used(); let _ = LIMIT; }
fn used() { inner::called(); }
fn dead() { dead_leaf() }
fn dead_leaf() {}
fn only_itself(n: u32) { if n > 0 { only_itself(n - 1) } }
struct Ghost { x: u32 }
impl Ghost { fn new() -> Ghost { Ghost { x: 1 } } fn get(&self) -> u32 { self.x } }
const LIMIT: u32 = 1;
const DEAD_CONST: u32 = 1;
static DEAD_STATIC: u32 = 1;
type DeadAlias = u32;
enum DeadEnum { A }
trait DeadTrait {}
macro_rules! dead_macro { () => {} }
#[macro_export] macro_rules! exported { () => {} }
#[no_mangle] pub extern "C" fn ffi() {}
#[export_name = "x"] extern "C" fn ffi2() {}
#[allow(dead_code)] fn allowed() {}
fn _underscored() {}
#[test] fn a_test() { for_tests() }
#[cfg(test)] mod tests { fn helper() {} #[test] fn t() {} }
fn for_tests() {}
mod inner { pub fn called() {} pub fn hidden() {} pub struct Reached; impl Reached { pub fn go(&self) {} } }
fn as_value() {}
pub fn gives() -> fn() { as_value }
"""


def test_unused(crate):
    made = crate(UNUSED)
    found = {p.removeprefix("demo::") for p in made.paths("unused")}
    assert {"dead", "only_itself", "Ghost", "DEAD_CONST", "DEAD_STATIC", "DeadAlias", "DeadEnum", "DeadTrait", "dead_macro", "inner::hidden"} <= found
    never = {"Speak", "Speak::speak", "Speak::louder", "<demo::Dog as demo::Speak>::speak", "Dog", "api", "used", "inner::called", "LIMIT", "exported", "ffi", "ffi2", "allowed",
             "_underscored", "a_test", "tests", "tests::helper", "tests::t", "as_value", "gives", "for_tests", "dead_leaf"}
    assert found & never == set()
    assert made.paths("unused", "--kind", "enum") == ["demo::DeadEnum"]


def test_main_is_used(workspace):
    from conftest import package
    made = workspace({"Cargo.toml": package("demo"), "src/main.rs": "fn main() { run() }\nfn run() {}\nfn dead() {}\n", "examples/e.rs": "fn main() {}\n", "build.rs": "fn main() {}\n"})
    assert made.paths("unused") == ["demo[bin:demo]::dead"] or made.paths("unused") == ["demo::dead"]
