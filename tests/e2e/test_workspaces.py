"""What belongs to a workspace: members, targets, dependencies, folders without manifests."""
import os
import subprocess

import pytest
from conftest import Workspace, package


def crates(made):
    return sorted(n["path"] for n in made.nodes(kind="crate", external=False))


def test_members_by_glob_and_exclude(workspace):
    made = workspace({
        "Cargo.toml": '[workspace]\nmembers = ["crates/*", "tools/one"]\nexclude = ["crates/skipped"]\n',
        "crates/a/Cargo.toml": package("a"), "crates/a/src/lib.rs": "pub fn a() {}\n",
        "crates/b/Cargo.toml": package("b"), "crates/b/src/lib.rs": "pub fn b() {}\n",
        "crates/skipped/Cargo.toml": package("skipped"), "crates/skipped/src/lib.rs": "pub fn s() {}\n",
        "tools/one/Cargo.toml": package("one"), "tools/one/src/main.rs": "fn main() {}\n",
        "tools/two/Cargo.toml": package("two"), "tools/two/src/main.rs": "fn main() {}\n"})
    assert crates(made) == ["a", "b", "one[bin:one]"]


def test_a_root_package_with_members(workspace):
    made = workspace({
        "Cargo.toml": package("root", extra='\n[workspace]\nmembers = ["sub"]\n\n[dependencies]\nsub = { path = "sub" }\n'),
        "src/lib.rs": "pub fn r() { sub::s() }\n", "sub/Cargo.toml": package("sub"), "sub/src/lib.rs": "pub fn s() {}\n"})
    assert crates(made) == ["root", "sub"]
    assert made.paths("callers", "sub::s") == ["root::r"]


def test_path_dependencies_are_members(workspace):
    made = workspace({
        "Cargo.toml": '[workspace]\nmembers = ["a"]\n', "a/Cargo.toml": package("a", extra='[dependencies]\nb = { path = "../b" }\n'),
        "a/src/lib.rs": "pub fn a() { b::b() }\n", "b/Cargo.toml": package("b"), "b/src/lib.rs": "pub fn b() {}\n"})
    assert made.paths("callers", "b::b") == ["a::a"]


def test_renamed_and_inherited_dependencies(workspace):
    made = workspace({
        "Cargo.toml": '[workspace]\nmembers = ["*"]\n[workspace.package]\nversion = "2.0.0"\nedition = "2021"\n'
                      '[workspace.dependencies]\ncommon = { path = "common-lib", package = "common-lib" }\n',
        "common-lib/Cargo.toml": '[package]\nname = "common-lib"\nversion.workspace = true\nedition.workspace = true\n', "common-lib/src/lib.rs": "pub fn shared() {}\n",
        "one/Cargo.toml": package("one", extra='[dependencies]\nkernel = { path = "../common-lib", package = "common-lib" }\n'),
        "one/src/lib.rs": "pub fn one() { kernel::shared() }\n",
        "two/Cargo.toml": package("two", extra="[dependencies]\ncommon.workspace = true\n"), "two/src/lib.rs": "pub fn two() { common::shared() }\n",
        "three/Cargo.toml": package("three"), "three/src/lib.rs": "pub fn three() { common_lib::shared() }\n"})
    assert made.paths("callers", "common_lib::shared") == ["one::one", "two::two"]


def test_targets(workspace):
    made = workspace({
        "Cargo.toml": package("my-tool", extra='[[bin]]\nname = "other"\npath = "src/special.rs"\n[[example]]\nname = "shown"\npath = "demo/shown.rs"\n'),
        "src/lib.rs": "pub fn lib() {}\n", "src/main.rs": "fn main() { my_tool::lib() }\n", "src/special.rs": "fn main() { my_tool::lib() }\n",
        "src/bin/third.rs": "fn main() { my_tool::lib() }\n", "src/bin/fourth/main.rs": "fn main() { my_tool::lib() }\n", "demo/shown.rs": "fn main() { my_tool::lib() }\n",
        "tests/it.rs": "#[test] fn t() { my_tool::lib() }\n", "benches/fast.rs": "fn main() { my_tool::lib() }\n", "examples/ex.rs": "fn main() { my_tool::lib() }\n",
        "build.rs": "fn main() {}\n"})
    names = crates(made)
    assert "my_tool" in names and "my_tool[build]" in names
    for target in ("bin:other", "bin:third", "bin:fourth", "test:it", "bench:fast", "example:ex", "example:shown"):
        assert f"my_tool[{target}]" in names, names
        assert any(p.startswith(f"my_tool[{target}]::") for p in made.paths("callers", "my_tool::lib")), target
    assert len(names) == 10


def test_a_file_of_two_targets_has_nodes_in_each(workspace):
    made = workspace({"Cargo.toml": package("demo"), "src/lib.rs": "pub mod util;\n", "src/main.rs": "mod util;\nfn main() { util::go() }\n", "src/util.rs": "pub fn go() {}\n"})
    assert sorted(n["path"] for n in made.nodes(name="go")) == ["demo::util::go", "demo[bin:demo]::util::go"]
    assert made.paths("callers", "demo[bin:demo]::util::go") == ["demo[bin:demo]::main"]
    assert made.paths("callers", "demo::util::go") == []


def test_same_named_crates_stay_apart(workspace):
    made = workspace({
        "x/util/Cargo.toml": package("util", version="1.0.0"), "x/util/src/lib.rs": "pub struct Thing;\npub fn make() -> Thing { Thing }\n",
        "y/util/Cargo.toml": package("util", version="2.0.0"), "y/util/src/lib.rs": "pub struct Thing;\npub fn make() -> Thing { Thing }\n",
        "app/Cargo.toml": package("app", extra='[dependencies]\nu1 = { path = "../x/util", package = "util" }\nu2 = { path = "../y/util", package = "util" }\n'),
        "app/src/lib.rs": "pub fn one() { u1::make(); }\npub fn two() { u2::make(); }\n"})
    makes = made.nodes(name="make")
    assert len(makes) == 2 and len({n["id"] for n in makes}) == 2
    _, nodes, edges = made.graph()
    calls = {nodes[e["from"]]["path"]: nodes[e["to"]]["file"] for e in edges if e["kind"] == "calls"}
    assert calls == {"app::one": "x/util/src/lib.rs", "app::two": "y/util/src/lib.rs"}


def test_dev_dependency_cycles(workspace):
    made = workspace({
        "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\n',
        "a/Cargo.toml": package("a", extra='[dev-dependencies]\nb = { path = "../b" }\n'), "a/src/lib.rs": "pub fn a() {}\n#[cfg(test)] mod t { #[test] fn x() { b::b() } }\n",
        "b/Cargo.toml": package("b", extra='[dependencies]\na = { path = "../a" }\n'), "b/src/lib.rs": "pub fn b() { a::a() }\n"})
    assert made.paths("callers", "b::b") == ["a::t::x"] and made.paths("callers", "a::a") == ["b::b"]


def test_a_folder_without_root_manifest_is_the_union(workspace):
    made = workspace({"one/Cargo.toml": package("one"), "one/src/lib.rs": "pub fn o() {}\n",
                      "deep/er/two/Cargo.toml": package("two", extra='[dependencies]\none = { path = "../../../one" }\n'), "deep/er/two/src/lib.rs": "pub fn t() { one::o() }\n"})
    assert crates(made) == ["one", "two"]
    assert made.paths("callers", "one::o") == ["two::t"]


def test_loose_files(workspace):
    made = workspace({"one.rs": "mod part;\nfn main() { part::p() }\n", "part.rs": "pub fn p() {}\n", "lonely.rs": "pub fn l() {}\n"})
    assert len(made.nodes(kind="crate", external=False)) == 2
    assert len(made.paths("callers", "part::p")) == 1
    assert len(made.nodes(name="l")) == 1


def test_an_empty_folder(tmp_path):
    made = Workspace(tmp_path / "w")
    assert made.run("index").returncode in (0, 4)


def test_an_empty_crate(crate):
    made = crate("")
    assert made.local_paths() == ["demo"]
    for command in (("overview",), ("unused",), ("find-cycles",), ("stats",), ("doctor",), ("list",), ("search", "x")):
        made.ask(*command)


def test_target_folders_and_hidden_ones_are_left_out(tmp_path):
    made = Workspace(tmp_path / "w", {
        "one/Cargo.toml": package("one"), "one/src/lib.rs": "", "one/target/CACHEDIR.TAG": "x", "one/target/package/two/Cargo.toml": package("two"),
        "one/target/package/two/src/lib.rs": "", ".hidden/three/Cargo.toml": package("three"), ".hidden/three/src/lib.rs": ""})
    made.index()
    assert crates(made) == ["one"]


def test_symlinked_folders(tmp_path):
    made = Workspace(tmp_path / "w", {"one/Cargo.toml": package("one"), "one/src/lib.rs": "pub fn o() {}\n"})
    os.symlink("one", made.folder / "again")
    os.symlink("..", made.folder / "one/up")
    made.index()
    assert crates(made) == ["one"]
    os.symlink(made.folder, tmp_path / "link")
    other = Workspace(tmp_path / "link")
    assert other.run("index", "--json").returncode == 0
    assert other.export() == made.export()


def test_broken_manifests(tmp_path):
    made = Workspace(tmp_path / "w", {"Cargo.toml": '[workspace]\nmembers = ["a", "b", "absent"]\n', "a/Cargo.toml": package("a"), "a/src/lib.rs": "pub fn a() {}\n",
                                      "b/Cargo.toml": "[package\nname=", "b/src/lib.rs": "pub fn b() {}\n"})
    report = made.index()
    assert report["problems"] >= 1 and crates(made) == ["a"]
    assert any(r["reason"] == "manifest" and "b/Cargo.toml" in r["examples"][0]["text"] for r in made.rows("doctor"))
    made.write({"Cargo.toml": "[workspace\n"})
    done = made.run("index")
    assert done.returncode == 4 and b"Cargo.toml:" in done.stderr


def test_editions(workspace):
    made = workspace({
        "old/Cargo.toml": package("old", edition="2015"), "old/src/lib.rs": "mod m;\npub fn f() { ::m::g(); }\npub fn async() {}\n", "old/src/m.rs": "pub fn g() { ::async(); }\n",
        "new/Cargo.toml": package("new", edition="2021"), "new/src/lib.rs": "mod m;\npub async fn f() { crate::m::g(); }\n", "new/src/m.rs": "pub fn g() {}\n"})
    assert made.paths("callers", "old::m::g") == ["old::f"] and made.paths("callers", "new::m::g") == ["new::f"]
    assert made.paths("callers", "old::async") == ["old::m::g"]


def test_identity_does_not_depend_on_the_workspace(workspace):
    lib = "pub struct S { pub a: u8 }\nimpl S { pub fn new() -> S { S { a: 1 } } }\nimpl Clone for S { fn clone(&self) -> S { S::new() } }\n"
    alone = workspace({"Cargo.toml": package("lib", version="1.4.2"), "src/lib.rs": lib}, "alone")
    within = workspace({"Cargo.toml": '[workspace]\nmembers = ["x/*"]\n', "x/lib/Cargo.toml": package("lib", version="1.9.0"), "x/lib/src/lib.rs": "// moved\n\n" + lib,
                        "x/b/Cargo.toml": package("b", extra='[dependencies]\nlib = { path = "../lib" }\n'), "x/b/src/lib.rs": "pub fn b() { lib::S::new(); }\n"}, "within")
    ids = {n["path"]: n["id"] for n in alone.nodes(external=False)}
    others = {n["path"]: n["id"] for n in within.nodes(external=False)}
    assert all(others[p] == i for p, i in ids.items())
    later = workspace({"Cargo.toml": package("lib", version="2.0.0"), "src/lib.rs": lib}, "later")
    assert not set(ids.values()) & {n["id"] for n in later.nodes(external=False)}
