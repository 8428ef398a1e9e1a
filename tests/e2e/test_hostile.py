"""What a hostile or unlucky tree may hold: an answer within limits, nothing written elsewhere, nobody else's graph changed."""
import json
import os

import pytest
from conftest import Workspace, package


def indexed(folder, files, *, code=0, env=None):
    w = Workspace(folder, files)
    done = w.run("index", "--rebuild", env=env)  # run() ends what hangs
    assert done.returncode == code, done.stderr
    return w, done


@pytest.mark.parametrize("text", [
    "macro_rules! e { ($x:expr) => { e!($x); e!($x); } } e!(1);",
    "macro_rules! e { ($x:expr) => { e!($x); e!($x); } } fn f() { e!(1); }",
    "macro_rules! t { ($t:ty) => { (t!($t), t!($t)) } } type T = t!(u8); fn f(x: t!(u8)) -> t!(u16) { x }",
    "macro_rules! p { ($p:pat) => { (p!($p), p!($p)) } } fn f(x: u8) { let p!(a) = x; match x { p!(p!(q)) => q, _ => 0 }; }",
    "macro_rules! m { ($($t:tt)*) => { macro_rules! n { ($$x:tt) => { m!($($t)* $($t)*); } } struct A; impl A { fn f() { m!($($t)* x); m!(y $($t)*); } }"
    " m!($($t)* 1); m!(2 $($t)*); } }\nfn f() { m!(a); let x = { m!(b) }; m!(c) }\nm!(d);\nimpl X { m!(e); }"], ids=["items", "body", "types", "patterns", "all"])
def test_a_macro_that_calls_itself_twice_ends(tmp_path, text):
    w, _ = indexed(tmp_path, {"Cargo.toml": package("demo"), "src/lib.rs": text + "\npub struct Behind;\n"})
    assert [r["path"] for r in w.rows("where-defined", "Behind")] == ["demo::Behind"]


def test_modules_that_name_each_other_are_not_mounted_in_every_order(tmp_path):
    files = {"Cargo.toml": package("demo"), "src/lib.rs": '#[path = "m0.rs"] pub mod m0; pub struct Behind;'}
    for i in range(9):
        files[f"src/m{i}.rs"] = "".join(f'#[path = "m{k}.rs"] pub mod m{k};\n' for k in range(9)) + f"pub struct S{i};"
    w, _ = indexed(tmp_path, files)
    assert w.rows("where-defined", "Behind") and w.rows("where-defined", "S8")


@pytest.mark.parametrize("body", ["let std { x } = y;", "let crate { x } = y;", "match y { std { x } => x, _ => y };", "std { x: y };"])
def test_a_crate_is_no_struct(tmp_path, body):
    indexed(tmp_path, {"Cargo.toml": package("demo"), "src/lib.rs": "fn f(y: u8) { %s }" % body})


def test_a_long_chain_of_dependencies(tmp_path):
    files = {"Cargo.toml": package("demo", extra='[dependencies]\np0 = "1"\n'), "src/lib.rs": "pub use p0::Last;"}
    for i in range(900):
        files[f"vendor/p{i}/Cargo.toml"] = package(f"p{i}", version="1.0.0", extra=f'[dependencies]\np{i + 1} = "1"\n')
        files[f"vendor/p{i}/src/lib.rs"] = f"pub use p{i + 1}::*;" if i < 899 else "pub struct Last;"
    w = Workspace(tmp_path, files)
    assert json.loads(w.run("index", "--rebuild", "--json").stdout)["dependencies"] == 900


@pytest.mark.parametrize("what", ["dependencies", "features"])
def test_a_manifest_of_too_many_keys_is_refused(tmp_path, what):
    many = f"[{what}]\n" + "".join(f'k{i} = {"[]" if what == "features" else chr(34) + "1" + chr(34)}\n' for i in range(10001))
    _, done = indexed(tmp_path / "own", {"Cargo.toml": package("demo", extra=many), "src/lib.rs": ""}, code=4)
    assert b"Cargo.toml:" in done.stderr and b"10000 keys" in done.stderr
    _, done = indexed(tmp_path / "dependency", {"Cargo.toml": package("demo", extra='[dependencies]\np = "1"\n'), "src/lib.rs": "pub use p::A;",
                                                "vendor/p/Cargo.toml": package("p", version="1.0.0", extra=many), "vendor/p/src/lib.rs": "pub struct A;"})
    assert b"1 not found" in done.stdout + done.stderr


def test_a_version_is_no_path(tmp_path):
    home = tmp_path / "home"
    evil = package("p", version="1.0.0/../../../../../evil/x")
    indexed(tmp_path / "w", {"Cargo.toml": package("demo", extra='[dependencies]\np = "1"\n'), "src/lib.rs": "pub use p::A;",
                             "vendor/p/Cargo.toml": evil, "vendor/p/src/lib.rs": "pub struct A;"},
            env=dict(os.environ, XDG_CACHE_HOME=str(home / "a/b/c/d")))
    assert not [p for p in tmp_path.rglob("*") if "evil" in p.name]


def test_what_one_workspace_vendors_is_no_other_ones(tmp_path):
    lock = '[[package]]\nname = "p"\nversion = "1.0.0"\nsource = "registry+https://example.invalid"\nchecksum = "%s"\n' % ("a" * 64)
    env = dict(os.environ, XDG_CACHE_HOME=str(tmp_path / "cache"))

    def make(name, text):
        w, _ = indexed(tmp_path / name, {
            "Cargo.toml": package("demo", extra='[dependencies]\np = "1"\n'), "Cargo.lock": lock, "src/lib.rs": "pub fn f() { p::made(); }",
            "vendor/p/Cargo.toml": package("p", version="1.0.0"), "vendor/p/src/lib.rs": text}, env=env)
        return {(r["path"], r["confidence"]) for r in w.rows("callees", "demo::f")}
    assert make("bad", "pub fn other() {}") != {("p::made", "exact")}
    assert make("good", "pub fn made() {}") == {("p::made", "exact")}
    # and a patched file is seen, whatever the manifest's time says
    (tmp_path / "good/vendor/p/src/lib.rs").write_text("pub mod inner { pub fn made() {} }\npub use inner::made;\n")
    assert make("good", "pub mod inner { pub fn made() {} }\npub use inner::made;\n") == {("p::inner::made", "exact")}
