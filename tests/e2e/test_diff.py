"""`diff`: what changed between git revisions, item by item, what breaks, whom it reaches."""
import json
import os
import subprocess

import pytest

from conftest import Workspace, package, valid

LIB = """//! A library.
pub mod shapes;

/// Adds.
pub fn add(a: u32, b: u32) -> u32 {
    // a comment
    a + b
}

pub fn twice(a: u32) -> u32 { add(a, a) }

fn inner() -> u32 { twice(2) }

pub fn outer() -> u32 { inner() }

#[cfg(test)]
mod tests {
    #[test]
    fn adds() { assert_eq!(super::add(1, 1), 2); }
    #[test]
    fn knows_outer() { super::outer(); }
}
"""
SHAPES = """pub trait Shape {
    fn area(&self) -> u32;
}

pub enum Kind {
    Round,
}

pub struct Square {
    pub side: u32,
}

impl Shape for Square {
    fn area(&self) -> u32 { self.side * self.side }
}
"""


def git(folder, *arguments):
    done = subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false", *arguments], cwd=folder,
                          capture_output=True, text=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def repository(tmp_path):
    """A crate in a folder of a repository, committed once."""
    w = Workspace(tmp_path / "repository/crates/demo", {"Cargo.toml": package("demo"), "src/lib.rs": LIB, "src/shapes.rs": SHAPES})
    (tmp_path / "repository/README.md").write_text("hello\n")
    git(tmp_path / "repository", "init", "-q", "-b", "main")
    git(tmp_path / "repository", "add", "-A")
    git(tmp_path / "repository", "commit", "-q", "-m", "first")
    return w


def commit(w, files, message="next"):
    w.write(files)
    git(w.folder, "add", "-A")
    git(w.folder, "commit", "-q", "-m", message)


def diff(w, *arguments, code=0):
    done = w.run("diff", *arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return valid(json.loads(done.stdout), "diff") if code == 0 else json.loads(done.stdout)


def changes(answer):
    return {(r["change"], r["path"].removeprefix("demo::"), r.get("breaking", False)) for r in answer["results"]}


def test_nothing_changed(repository):
    answer = diff(repository, "HEAD")
    assert answer["results"] == [] and answer["summary"]["risk"] == "none" and answer["summary"]["files"] == 0
    assert answer["to"] == "working tree"


@pytest.mark.parametrize("old, new", [("    a + b\n", "\n        a +   b\n"), ("// a comment", "// another\n    /* and one */"), ("/// Adds.", "/// Adds two numbers."),
                                      ("pub fn twice(a: u32) -> u32 { add(a, a) }\n", "pub fn twice(a: u32) -> u32 {\n    add(a, a)\n}\n")])
def test_white_space_comments_and_documentation_are_no_change(repository, old, new):
    repository.write({"src/lib.rs": LIB.replace(old, new)})
    answer = diff(repository, "HEAD")
    assert answer["results"] == [] and answer["summary"]["files"] == 1


@pytest.mark.parametrize("old, new, expected", [
    ("a + b", "b + a", {("body", "add", False)}),
    ("pub fn add(a: u32, b: u32) -> u32 {", "pub fn add(a: u32, b: u64) -> u32 {", {("contract", "add", True)}),
    ("fn inner() -> u32 { twice(2) }", "fn inner(x: u8) -> u32 { twice(2) }", {("contract", "inner", False)}),
    ("pub fn outer() -> u32 { inner() }", "", {("removed", "outer", True)}),
    ("fn inner() ->", "fn more() {}\nfn inner() ->", {("added", "more", False)}),
    ("pub fn twice", "fn twice", {("contract", "twice", True)}),
    ("fn adds() { assert_eq!(super::add(1, 1), 2); }", "fn adds() { assert_eq!(super::add(1, 2), 3); }", {("body", "tests::adds", False)}),
])
def test_kinds_of_change(repository, old, new, expected):
    assert LIB.count(old) == 1
    repository.write({"src/lib.rs": LIB.replace(old, new)})
    assert changes(diff(repository, "HEAD")) == expected


@pytest.mark.parametrize("old, new, expected", [
    ("    Round,\n", "    Round,\n    Square,\n", {("added", "shapes::Kind::Square", True)}),
    ("    fn area(&self) -> u32;\n", "    fn area(&self) -> u32;\n    fn name(&self) -> u32 { 1 }\n", {("added", "shapes::Shape::name", False)}),
    ("    fn area(&self) -> u32;\n}", "    fn area(&self) -> u32;\n    fn name(&self) -> u32;\n}", {("added", "shapes::Shape::name", True)}),
    ("self.side * self.side", "self.side.pow(2)", {("body", "<demo::shapes::Square as demo::shapes::Shape>::area", False)}),
    ("pub struct Square {", "pub struct New;\npub struct Square {", {("added", "shapes::New", False)}),
])
def test_of_types_and_traits(repository, old, new, expected):
    assert SHAPES.count(old) == 1
    repository.write({"src/shapes.rs": SHAPES.replace(old, new)})
    assert changes(diff(repository, "HEAD")) == expected


def test_what_lies_in_what_came_is_not_listed_again(repository):
    repository.write({"src/shapes.rs": SHAPES + "pub mod more { pub struct A { pub x: u32 } impl A { pub fn f(&self) {} } pub enum E { X, Y } }\n"})
    assert changes(diff(repository, "HEAD")) == {("added", "shapes::more", False)}


def test_whom_it_reaches(repository):
    repository.write({"src/lib.rs": LIB.replace("a + b", "b + a")})
    answer = diff(repository, "HEAD")
    row = answer["results"][0]
    assert (row["affected"], row["tests"]) == (3, 1)  # twice, inner, outer; adds
    assert answer["tests"] == ["demo::tests::adds"] and answer["summary"]["risk"] == "low"
    deep = diff(repository, "HEAD", "--depth", "9")
    assert deep["tests"] == ["demo::tests::adds", "demo::tests::knows_outer"]


def test_of_what_was_removed_those_who_used_it(repository):
    repository.write({"src/lib.rs": LIB.replace("pub fn twice(a: u32) -> u32 { add(a, a) }", "").replace("twice(2)", "2")})
    row = next(r for r in diff(repository, "HEAD")["results"] if r["change"] == "removed")
    assert row["path"] == "demo::twice" and row["breaking"] and row["affected"] == 2


def test_between_two_revisions_whatever_the_files_are(repository):
    commit(repository, {"src/lib.rs": LIB.replace("a + b", "b + a")})
    commit(repository, {"src/shapes.rs": SHAPES.replace("Round", "Oval")})
    repository.write({"src/lib.rs": "not even Rust {"})
    assert changes(diff(repository, "HEAD~2", "HEAD~1")) == {("body", "add", False)}
    assert changes(diff(repository, "HEAD~1", "HEAD")) == {("removed", "shapes::Kind::Round", True), ("added", "shapes::Kind::Oval", True)}
    assert changes(diff(repository, "main", "HEAD~2")) == changes(diff(repository, "HEAD", "HEAD~2"))


def test_a_file_that_moved_is_no_change(repository):
    git(repository.folder, "mv", "src/shapes.rs", "src/moved.rs")
    repository.write({"src/lib.rs": LIB.replace("pub mod shapes;", '#[path = "moved.rs"]\npub mod shapes;')})
    assert changes(diff(repository, "HEAD")) == set()


def test_ignored_files_are_left_out(repository):
    repository.write({".gitignore": "src/gone.rs\n", "src/gone.rs": "pub fn x() {}\n"})
    assert diff(repository, "HEAD")["results"] == []


def test_nothing_is_checked_out_or_written(repository):
    commit(repository, {"src/lib.rs": LIB.replace("a + b", "b + a")})
    before = sorted((p, p.stat().st_mtime_ns) for p in repository.folder.rglob("*"))
    diff(repository, "HEAD~1", "HEAD")
    assert sorted((p, p.stat().st_mtime_ns) for p in repository.folder.rglob("*")) == before


def test_errors(repository, tmp_path):
    assert b"no-such-revision" in repository.run("diff", "no-such-revision").stderr
    assert repository.run("diff", "no-such-revision").returncode == 2
    assert repository.run("diff").returncode == 2 and repository.run("diff", "a", "b", "c").returncode == 2
    assert repository.run("diff", "HEAD", "--format", "dot").returncode == 2
    alone = Workspace(tmp_path / "alone", {"Cargo.toml": package("alone"), "src/lib.rs": ""})
    assert b"in no git repository" in alone.run("diff", "HEAD").stderr
    assert "error" in diff(repository, "no-such-revision", code=2)


def test_forms(repository):
    repository.write({"src/lib.rs": LIB.replace("pub fn add(a: u32, b: u32)", "pub fn add(a: u32, b: u64)")})
    text = repository.run("diff", "HEAD").stdout.decode()
    assert "1 breaking" in text and "contract  demo::add  src/lib.rs:5  breaking" in text
    assert "- pub fn add(a: u32, b: u32) -> u32" in text and "tests to run:\n  demo::tests::adds" in text
    markdown = repository.run("diff", "HEAD", "--format", "markdown").stdout.decode()
    assert markdown.startswith("## What changed: HEAD to working tree\n")
    assert "| contract, **breaking** | `demo::add` fn | src/lib.rs:5 | 3, 1 tests |" in markdown
    assert "```diff\n- pub fn add(a: u32, b: u32) -> u32\n+ pub fn add(a: u32, b: u64) -> u32\n```" in markdown


def test_the_limit(repository):
    repository.write({"src/shapes.rs": SHAPES + "".join(f"pub fn f{i}() {{}}\n" for i in range(10))})
    answer = diff(repository, "HEAD", "--limit", "3")
    assert len(answer["results"]) == 3 and answer["truncated"] and answer["total"] == 10


def test_same_bytes_each_time(repository):
    commit(repository, {"src/lib.rs": LIB.replace("a + b", "b + a"), "src/shapes.rs": SHAPES.replace("Round", "Oval")})
    assert len({repository.run("diff", "HEAD~1", "HEAD", "--json").stdout for _ in range(3)}) == 1
