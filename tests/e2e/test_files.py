"""Files as they come: unreadable, broken, in odd encodings, deep."""
import os

import pytest
from conftest import Workspace, package, valid


def find(made, name):
    return [n for n in made.nodes(external=False) if n["name"] == name]


def test_an_unreadable_file_is_told(tmp_path):
    made = Workspace(tmp_path / "w", {"Cargo.toml": package("demo"), "src/lib.rs": "pub mod big;\npub fn after() {}\n"})
    with open(made.folder / "src/big.rs", "wb") as f:
        f.truncate(65 << 20)
    report = made.index()
    assert report["unread"] == 1
    assert find(made, "after") and any(r["reason"] == "file not readable" for r in made.rows("doctor"))
    (made.folder / "src/big.rs").unlink()
    (made.folder / "src/big.rs").write_text("pub fn small() {}\n")
    assert made.index()["unread"] == 0 and find(made, "small")


def test_a_module_without_file(crate):
    made = crate("pub mod absent;\npub fn here() {}\n")
    assert find(made, "here")


def test_folders_named_like_files(tmp_path):
    made = Workspace(tmp_path / "w", {"Cargo.toml": package("demo"), "src/lib.rs": "mod a;\npub fn here() {}\n", "src/a.rs/keep": ""})
    made.index()
    assert find(made, "here")


def test_links_in_a_circle(tmp_path):
    made = Workspace(tmp_path / "w", {"Cargo.toml": package("demo"), "src/lib.rs": "mod a;\npub fn here() {}\n"})
    os.symlink("a.rs", made.folder / "src/a.rs")
    made.index()
    assert find(made, "here")


@pytest.mark.parametrize("text", [b"", b"\n", b"\xef\xbb\xbfpub fn here() {}\n", b"pub fn here() {}", b"#!/usr/bin/env run\npub fn here() {}\n", b"\xef\xbb\xbf"], ids=repr)
def test_small_files(crate, text):
    made = crate(text.decode())
    assert bool(find(made, "here")) == (b"here" in text)


def test_line_ends_do_not_matter(workspace):
    text = "/// First.\n/// Second.\npub fn f(\n    a: u32,\n) -> u32 {\n    g(a)\n}\n\npub fn g(a: u32) -> u32 { a }\n"
    unix = workspace({"Cargo.toml": package("demo"), "src/lib.rs": text}, "unix")
    windows = workspace({"Cargo.toml": package("demo").replace("\n", "\r\n"), "src/lib.rs": text.replace("\n", "\r\n")}, "windows")
    assert windows.export() == unix.export()
    assert find(windows, "f")[0]["line"] == 3


def test_invalid_utf8(workspace):
    made = workspace({"Cargo.toml": package("demo"), "src/lib.rs": b'// \xff\xfe\npub const A: &[u8] = b"x";\npub fn f() -> &\'static str { "\xc3\x28" }\npub fn g() { f(); }\npub fn z() {}\n'})
    assert made.paths("callers", "demo::f") == ["demo::g"] and find(made, "z")
    assert "g" in {n["name"] for n in made.nodes()}


def test_unicode_names(crate):
    made = crate("pub struct Größe;\npub fn 測定(a: &Größe) -> u32 { 大きさ(a) }\nfn 大きさ(_: &Größe) -> u32 { 1 }\npub fn r#match() {}\npub fn f() { r#match() }\n")
    assert made.paths("callers", "大きさ") == ["demo::測定"]
    assert made.rows("search", "größe")[0]["path"] == "demo::Größe"
    assert made.paths("callers", "match") == ["demo::f"] or made.paths("callers", "r#match") == ["demo::f"]


@pytest.mark.parametrize("broken", [
    "pub fn bad( {\n}\n", "pub struct Bad { a: , }\n", "impl for {}\n", "pub fn bad() { let x = ; }\n", "pub fn bad() { foo(1, }\n", "#[attr(\n", "macro_rules! bad { ( => }\n",
    "pub enum Bad { A(, B }\n", "use a::{b, ;\n", "trait Bad { fn f( }\n", "@@@@\n", "let x = 5;\n", "pub fn bad() -> { }\n", 'const S: &str = "unfinished;\n', "/* unfinished\n", "}\n", ")\n",
    "pub fn bad() { match x { } }}\n", "where\n", "pub pub fn twice() {}\n"])
def test_broken_syntax_keeps_what_stands_before(crate, broken):
    made = crate("pub fn before() { other() }\npub fn other() {}\n" + broken)
    assert made.paths("callers", "other") == ["demo::before"]
    assert made.index()["up_to_date"]


@pytest.mark.parametrize("broken", ["pub struct Bad { a: , }\n", "impl for {}\n", "pub fn bad() { let x = ; }\n", "use a::b c;\n", "@@@@\n", "let x = 5;\n", "pub fn bad() -> { }\n",
                                    "pub enum Bad { A(, ) }\n", "trait Bad { fn f() -> ; }\n"])
def test_broken_syntax_keeps_what_stands_behind(crate, broken):
    made = crate(broken + "pub fn after() { other() }\npub fn other() {}\n")
    assert made.paths("callers", "other") == ["demo::after"]
    assert any(r["reason"] == "syntax error" and r["examples"][0]["line"] == 1 for r in made.rows("doctor"))


@pytest.mark.parametrize("deep", [
    lambda n: "pub fn d() -> i32 { " + "(" * n + "1" + ")" * n + " }", lambda n: "pub fn d() { " + "{" * n + "}" * n + " }", lambda n: "pub type D = " + "Vec<" * n + "u8" + ">" * n + ";",
    lambda n: "pub fn d() { " + "if a { " * n + "}" * n + " }", lambda n: "pub fn d() { x" + ".f()" * min(n, 1000) + "; }", lambda n: "pub fn d() -> bool { " + "!" * n + "true }",
    lambda n: "".join(f"pub mod m{i} {{ " for i in range(n)) + "}" * n, lambda n: "/*" * n + "*/" * n, lambda n: "pub fn d() { 1" + " + 1" * min(n, 1000) + "; }",
    lambda n: "pub fn d() { m!" + "(" * n + ")" * n + "; }", lambda n: "use " + "a::{" * n + "b" + "}" * n + ";", lambda n: "#[cfg(" + "not(" * n + "a" + ")" * n + ")] fn c() {}",
    lambda n: "pub fn d(" + "&" * n + "u8: ()) {}", lambda n: "macro_rules! m { ($x:tt) => { m!(($x)) } } m!(a);" + " " * n,
    lambda n: "macro_rules! m { ($($x:tt)*) => { m!($($x)* $($x)*); } } m!(a b);", lambda n: "pub fn d() { let " + "(" * n + "a" + ",)" * n + " = b; }",
    lambda n: "pub fn d() { " + "|| " * n + "1; }", lambda n: "pub fn d() { " + "fn e() { " * n + "}" * n + " }"])
@pytest.mark.parametrize("n", [300, 20000])
def test_deep_nesting_does_no_harm(crate, deep, n):
    made = crate("pub fn before() { other() }\npub fn other() {}\n" + deep(n) + "\n")
    assert made.paths("callers", "demo::other") == ["demo::before"]
    made.ask("doctor")
    made.ask("list", "--limit", 0)


def test_recursive_types_and_aliases(crate):
    made = crate("pub type A = B; pub type B = A;\npub struct S(Box<S>);\npub trait T: T {}\nimpl T for A {}\npub use self::x as y; pub use self::y as x;\npub mod m { pub use super::*; pub use super::m::*; }\n"
                 "pub fn f(a: A, s: S) { a.go(); s.0.0.go(); y(); <A as T>::f(); }\nimpl<X> T for X where X: T {}\n")
    assert find(made, "f")
    for command in (("who-implements", "T"), ("blast-radius", "S"), ("traits-of", "A"), ("doctor",)):
        made.ask(*command)


def test_a_very_long_line(crate):
    made = crate("pub fn f() { " + "g();" * 3000 + " }\npub fn g() {}\n")
    row, = made.rows("callers", "g")
    assert row["path"] == "demo::f" and len(row["sites"]) >= 1


def test_path_attributes_and_inline_modules(crate):
    made = crate('#[path = "odd/name.rs"]\npub mod even;\npub mod inline { pub mod inner; }\npub mod dir;\n', **{
        "src__odd__name": "pub fn odd() {}\n", "src__inline__inner": "pub fn inner() { crate::even::odd() }\n", "src__dir__mod": "pub mod leaf;\n", "src__dir__leaf": "pub fn l() {}\n"})
    assert made.paths("callers", "odd") == ["demo::inline::inner::inner"]
    assert find(made, "l")[0]["path"] == "demo::dir::leaf::l"


def test_a_file_included_by_itself(crate):
    made = crate('#[path = "lib.rs"]\nmod again;\npub fn here() {}\n')
    assert find(made, "here")


def test_outside_paths(workspace):
    made = workspace({"Cargo.toml": package("demo"), "src/lib.rs": '#[path = "../../outside.rs"]\nmod out;\npub fn here() {}\n'})
    assert find(made, "here")
