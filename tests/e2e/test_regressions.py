"""Bugs that were: each as its user met it."""
import json
import os
import subprocess

import pytest

BINARY = os.environ.get("PARSELTONGUE_BIN", os.path.join(os.path.dirname(__file__), "../../build/release/parseltongue"))


def run(folder, *arguments, check=True):
    done = subprocess.run([BINARY, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if check:
        assert done.returncode == 0, done.stderr + done.stdout
    return done


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def package(name, more=""):
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}'


def paths(folder, kind):
    return {row["path"] for row in json.loads(run(folder, "list", "--kind", kind, "--json", "--limit", "0").stdout)["results"]}


def test_a_member_in_a_folder_named_like_std_keeps_its_own_sources(tmp_path):
    files = {"Cargo.toml": '[workspace]\nmembers = ["core", "alloc", "std"]\n'}
    for name in ("core", "alloc", "std"):
        files[f"{name}/Cargo.toml"] = package(f"my-{name}")
        files[f"{name}/src/lib.rs"] = f"pub struct Of{name.title()};\n"
    write(tmp_path, files)
    report = json.loads(run(tmp_path, "index", "--json").stdout)
    assert report["files"] == 3 and report["nodes"] < 20
    assert paths(tmp_path, "struct") == {"my_core::OfCore", "my_alloc::OfAlloc", "my_std::OfStd"}
    run(tmp_path, "doctor")


def test_what_git_ignores_is_no_crate_and_the_rest_is(tmp_path):
    write(tmp_path, {"one/Cargo.toml": package("one"), "one/src/lib.rs": "pub struct One;\n", ".gitignore": "/two\n",
                     "two/Cargo.toml": package("two"), "two/src/lib.rs": "pub struct Two;\n"})
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    run(tmp_path, "index")
    assert paths(tmp_path, "struct") == {"one::One"}


@pytest.mark.parametrize("body", ["x" + ".f()" * 20000 + ";", "let _ = 1" + " + 1" * 20000 + ";", "let _ = " + "!" * 20000 + "true;",
                                  "let _ = " + "(" * 20000 + ")" * 20000 + ";", "g();" * 20000])
def test_long_and_deep_bodies_end(tmp_path, body):
    write(tmp_path, {"Cargo.toml": package("deep"), "src/lib.rs": f"pub fn d() {{ {body} }}\npub fn g() {{}}\npub struct After;\n"})
    run(tmp_path, "index")
    assert paths(tmp_path, "struct") == {"deep::After"}


def test_second_index_reads_only_what_changed_also_behind_macro_made_modules(tmp_path):
    write(tmp_path, {"Cargo.toml": package("m"), "src/lib.rs": "macro_rules! items { ($($i:item)*) => { $($i)* } }\nitems! { mod a; mod b; }\n",
                     "src/a.rs": "pub struct A;\n", "src/b.rs": "pub struct B;\n"})
    assert json.loads(run(tmp_path, "index", "--json").stdout)["files_read"] == 3
    (tmp_path / "src/b.rs").write_text("pub struct B;\npub struct C;\n")
    assert json.loads(run(tmp_path, "index", "--json").stdout)["files_read"] == 1
    assert paths(tmp_path, "struct") == {"m::a::A", "m::b::B", "m::b::C"}


def test_a_file_too_large_to_read_is_told_once_and_not_forever_stale(tmp_path):
    write(tmp_path, {"Cargo.toml": package("big"), "src/lib.rs": "mod big;\npub struct S;\n"})
    with open(tmp_path / "src/big.rs", "wb") as out:
        out.truncate(65 << 20)
    run(tmp_path, "index")
    assert json.loads(run(tmp_path, "list", "--json").stdout)["stale"] == []
    assert "up to date" in run(tmp_path, "index").stdout
    assert "file not readable" in run(tmp_path, "doctor").stdout


def test_asked_from_inside_a_member(tmp_path):
    write(tmp_path, {"Cargo.toml": '[workspace]\nmembers = ["inner"]\n', "inner/Cargo.toml": package("inner"), "inner/src/lib.rs": "pub trait T {}\n"})
    run(tmp_path, "index")
    assert run(tmp_path / "inner" / "src", "who-implements", "T").returncode == 0
    assert not (tmp_path / "inner" / ".parseltongue").exists()


def test_macros_that_define_macros_and_doc_comments_in_arguments(tmp_path):
    write(tmp_path, {"Cargo.toml": package("mm"), "src/lib.rs": """
macro_rules! template {
    ($(#[$doc:meta])* pub trait $name:ident $($body:tt)*) => {
        macro_rules! $name { ($m:ident) => { $m! { $name } } }
        $(#[$doc])* pub trait $name $($body)*
    };
}
macro_rules! implement { ($name:ident) => { impl $name for u8 {} } }
template! {
    /// Documented.
    pub trait Data { }
}
Data! { implement }
"""})
    run(tmp_path, "index")
    rows = json.loads(run(tmp_path, "who-implements", "Data", "--json").stdout)["results"]
    assert [row["type"] for row in rows] == ["u8"]


def test_items_in_a_macro_nobody_knows_are_inferred(tmp_path):
    write(tmp_path, {"Cargo.toml": package("pin", '[dependencies]\npin-project-lite = "0.2"\n'),
                     "src/lib.rs": "use pin_project_lite::pin_project;\npin_project! { pub struct Held { inner: u8 } }\nimpl Clone for Held { fn clone(&self) -> Self { todo!() } }\n"})
    run(tmp_path, "index")
    assert paths(tmp_path, "struct") == {"pin::Held"}
    rows = json.loads(run(tmp_path, "traits-of", "Held", "--json").stdout)["results"]
    assert [(row["trait"], row["confidence"]) for row in rows] == [("core::clone::Clone", "exact")]


def test_impossible_configurations_are_not_nodes(tmp_path):
    write(tmp_path, {"Cargo.toml": package("cfgs", "[features]\nx = []\n"), "src/lib.rs": """
macro_rules! with_x { ($($i:item)*) => { $( #[cfg(feature = "x")] $i )* } }
macro_rules! without_x { ($($i:item)*) => { $( #[cfg(not(feature = "x"))] $i )* } }
with_x! { mod m; }
without_x! { mod m; }
""", "src/m.rs": "with_x! { mod inner; }\n", "src/m/inner.rs": "pub struct S;\n"})
    run(tmp_path, "index")
    rows = json.loads(run(tmp_path, "list", "--kind", "struct", "--json").stdout)["results"]
    assert [row["cfg"] for row in rows] == ['feature = "x"']


def test_proc_macros_are_macros_and_unknown_derives_keep_a_type_used(tmp_path):
    write(tmp_path, {"Cargo.toml": package("p", "[lib]\nproc-macro = true\n"),
                     "src/lib.rs": "#[proc_macro]\npub fn go(i: proc_macro::TokenStream) -> proc_macro::TokenStream { i }\n#[derive(Derivative)]\nstruct ByOthers;\n"})
    run(tmp_path, "index")
    assert paths(tmp_path, "macro") == {"p::go"}
    assert json.loads(run(tmp_path, "unused", "--json").stdout)["results"] == []


def test_what_a_test_implements_for_a_library_is_nothing_to_the_library(tmp_path):
    write(tmp_path, {"Cargo.toml": package("lib"), "src/lib.rs": "pub trait Go { fn go(&self) {} }\npub struct S;\npub fn f(s: &S) { s.go(); s.run(); }\n",
                     "tests/t.rs": "use lib::{Go, S};\nimpl Go for S { fn go(&self) {} }\ntrait Run { fn run(&self); }\nimpl Run for S { fn run(&self) {} }\n#[test]\nfn t() { S.go(); S.run(); }\n"})
    run(tmp_path, "index")
    callees = {row["path"] for row in json.loads(run(tmp_path, "callees", "lib::f", "--json").stdout)["results"]}
    assert not any("test:" in path or path.startswith("<") for path in callees), callees
    callees = {row["path"] for row in json.loads(run(tmp_path, "callees", "lib[test:t]::t", "--json").stdout)["results"]}
    assert {"<lib::S as lib::Go>::go", "<lib::S as lib[test:t]::Run>::run"} <= callees


def test_tuple_fields_have_types(tmp_path):
    write(tmp_path, {"Cargo.toml": package("demo"), "src/lib.rs": """
pub struct Inner;
impl Inner {
    pub fn touch(&self) {}
}
pub struct Outer(pub Inner);
pub enum Either {
    Left(Inner),
    Right(Vec<Inner>),
}
pub fn of_struct(o: &Outer) {
    o.0.touch()
}
pub fn of_variant(e: &Either) {
    match e {
        Either::Left(x) => x.touch(),
        Either::Right(all) => all.iter().for_each(|one| one.touch()),
    }
}
"""})
    run(tmp_path, "index")
    assert "demo::Inner" in run(tmp_path, "uses", "demo::Outer").stdout
    callers = json.loads(run(tmp_path, "callers", "demo::Inner::touch", "--json").stdout)["results"]
    assert sorted(row["path"] for row in callers) == ["demo::of_struct", "demo::of_variant"]


def doubling(count, first, make):
    return f"let a0 = {first};\n" + "".join(f"let a{i} = {make(f'a{i - 1}')};\n" for i in range(1, count)) + f"a{count - 1}.last();"


@pytest.mark.parametrize("text", [
    # each level doubles (or more) the type as a tree; as it is kept, it is a few parts
    "pub fn f() {" + doubling(12, "None", lambda x: f"S({', '.join([x] * 8)})") + "}\npub struct S<A, B, C, D, E, F, G, H>(A, B, C, D, E, F, G, H);",
    "pub fn d<T>(t: T) -> (T, T, T, T, T, T, T, T) { loop {} }\npub fn f() { " + "d(" * 30 + "1u8" + ")" * 30 + ".last(); }",
    "type A0 = u8;\n" + "".join(f"type A{i} = ({', '.join([f'A{i - 1}'] * 12)});\n" for i in range(1, 15)) + "pub fn f(x: A14) { x.0.last(); }",
    "type A0<T> = (T, T);\n" + "".join(f"type A{i}<T> = A{i - 1}<A{i - 1}<T>>;\n" for i in range(1, 15)) + "pub fn f<T>(x: A14<T>) { x.0.last(); }",
    # projections of projections
    "use std::ops::BitXor;\npub fn f<T: Copy + BitXor>(a: T) { let b = " + "(" * 40 + "a" + " ^ a)" * 40 + "; b.last(); }",
    "pub trait T { type A: T; fn t(&self) -> Self::A; }\npub fn f<X: T>(x: X) where "
    + ", ".join("<" * k + "X" + " as T>::A" * k + ": T" for k in range(1, 25)) + " { x" + ".t()" * 25 + ".last(); }",
    "pub trait T { type A; type B; fn a(&self) -> Self::A; }\npub struct P<X>(X);\n"
    "impl<X: T> T for P<X> { type A = (<X as T>::A, <X as T>::B, <P<X::A> as T>::A, <P<X::B> as T>::B);\n"
    "type B = (<P<X::A> as T>::A, <P<X::B> as T>::B); fn a(&self) -> Self::A { loop {} } }\n"
    "pub struct Q;\nimpl T for Q { type A = <P<Q> as T>::A; type B = <P<P<Q>> as T>::B; fn a(&self) -> Self::A { loop {} } }\n"
    "pub fn f() { P(P(P(P(P(P(Q)))))).a().0.last(); P(P(None)).a().0.last(); Q.a().last(); }"])
def test_types_that_are_huge_as_trees_end(tmp_path, text):
    write(tmp_path, {"Cargo.toml": package("huge"), "src/lib.rs": text + "\npub struct After;\n"})
    run(tmp_path, "index")
    assert "huge::After" in paths(tmp_path, "struct")


@pytest.mark.parametrize("text", [
    # an expansion that fails costs as much as one that does not; text doubles with each
    "macro_rules! a { ($($x:tt)*) => { b!($($x)* $($x)* 1) } }\nmacro_rules! b { ($($x:tt)*) => { { a!($($x)*); a!($($x)*) } } }\npub fn f() { a!(1 2); }",
    "macro_rules! m { () => {}; ($n:ident $($r:ident)*) => {{ let $n = 1; m!($($r)*); m!($($r)*); }} }\npub fn f() { m!("
    + " ".join(f"x{i}" for i in range(40)) + "); }",
    # more types than the first table holds, none with parts
    "pub fn f() { let a = Default::default(); let b = a" + " + a * a" * 1500 + "; b.last(); }",
    # a long chain of variables, followed often
    "pub fn f() { " + "".join(f"let mut y{i} = Default::default();" for i in range(5000)) + "".join(f"y{i} = y{i + 1};" for i in range(4999))
    + "y4999 = String::new(); " + "y0.len();" * 1000 + "}"])
def test_bodies_of_many_variables_and_expansions_end(tmp_path, text):
    write(tmp_path, {"Cargo.toml": package("many"), "src/lib.rs": text + "\npub struct After;\n"})
    run(tmp_path, "index")
    assert "many::After" in paths(tmp_path, "struct")
