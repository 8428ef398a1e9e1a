"""The law of the daemon: after any edit the graph is that of a fresh index, byte for byte, and costs what it changes."""
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile

import pytest
from conftest import ROOT, Workspace, package
from test_daemon import Daemon, daemon, lives, until  # noqa: F401  (a fixture)

sys.path.insert(0, str(ROOT / "tests"))
from edits import EDITS, Tree  # noqa: E402

SEED = int(os.environ.get("SEED", 20261125))


def constructs():
    """A crate of one module for each construct of the fixtures."""
    files, names = {}, []
    for path in sorted((ROOT / "tests/fixtures/resolution").glob("*.rs")):
        names.append(path.stem)
        files[f"src/{path.stem}.rs"] = path.read_text()
    files["src/lib.rs"] = "".join(f"pub mod {name};\n" for name in names)
    files["Cargo.toml"] = package("constructs")
    return files


def members():
    """Crates that see each other: macros across crates, globs of re-exports, twins by cfg, traits with blanket impls."""
    return {
        "Cargo.toml": '[workspace]\nmembers = ["base", "app"]\n',
        "base/Cargo.toml": package("base"),
        "base/src/lib.rs": "pub mod shape;\npub use shape::*;\n#[macro_export]\nmacro_rules! point { ($x:expr) => { $crate::shape::Point { x: $x } } }\n"
                           "macro_rules! twice { ($($i:item)*) => { $( #[cfg(feature = \"wide\")] $i )* } }\ntwice! { pub mod wide { pub fn far() {} } pub fn wider() { wide::far() } }\n"
                           "#[cfg(unix)] pub fn here() {}\n#[cfg(not(unix))] pub fn here() {}\npub type Alias = shape::Point;\nimpl Measure for Alias { fn size(&self) -> u32 { here(); 1 } }\n",
        "base/src/shape.rs": "pub struct Point { pub x: u32 }\npub trait Measure { fn size(&self) -> u32; fn twice(&self) -> u32 { self.size() * 2 } }\n"
                             "pub trait Named { fn name(&self) -> String; }\nimpl<T: Measure> Named for T { fn name(&self) -> String { self.twice().to_string() } }\n"
                             "impl std::ops::Deref for Point { type Target = u32; fn deref(&self) -> &u32 { &self.x } }\npub enum Kind { One, Two(Point) }\n",
        "app/Cargo.toml": package("app", extra='[dependencies]\nbase = { path = "../base" }\n'),
        "app/src/main.rs": "mod inner;\nuse base::*;\nfn main() {\n    let p = point!(3);\n    println!(\"{}\", p.name());\n    inner::run(&p, Kind::One);\n    base::here();\n}\n",
        "app/src/inner.rs": "use base::shape::{Kind, Measure, Point};\npub fn run(p: &Point, k: Kind) -> u32 {\n    match k {\n        Kind::One => p.size(),\n        Kind::Two(q) => q.twice() + q.count_ones(),\n    }\n}\n"
                            "pub struct Wrapper<T>(T);\nimpl<T: Measure> Wrapper<T> {\n    pub fn get(&self) -> u32 {\n        self.0.size()\n    }\n}\n",
    }


def started(daemon, files, engine):  # noqa: F811
    d = daemon(files and files(), start=False)
    d.kept = f"{engine}:{d.base}/kept"
    d.start("--store", d.kept)
    return d


def of_store(d):
    return ("--store", d.kept) if hasattr(d, "kept") else ()


class Judge:
    """Asks the daemon for what was saved, and a fresh index for the same."""

    def __init__(self, d):
        self.d, self.store = d, f"native:{d.base}/judge"
        self.good, self.stale = {}, 0
        self.fresh()

    def fresh(self, stale=()):
        """Of the tree; of files that are kept as they were before, with the last text that was not."""
        d = self.d
        now = {p.relative_to(d.folder).as_posix(): p.read_bytes() for p in d.folder.rglob("*.rs") if ".parseltongue" not in p.parts}
        self.good.update({path: text for path, text in now.items() if path not in stale})
        if not stale:
            done = d.run("index", "--no-daemon", "--rebuild", "--quiet", "--store", self.store)
            assert done.returncode == 0, done.stderr
            return d.run("export", "--candidates", "--no-daemon", "--store", self.store).stdout
        self.stale += 1
        other = Workspace(d.base / "good")
        shutil.copytree(d.folder, other.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".parseltongue"))
        try:
            other.write({path: self.good[path] for path in stale})
            assert other.run("index", "--no-daemon", "--quiet").returncode == 0
            return other.run("export", "--candidates", "--no-daemon").stdout
        finally:
            shutil.rmtree(other.folder)

    def compare(self, what):
        d = self.d
        stale = d.ask("stats", "--wait", 30000)["stale"]
        assert stale == d.status()["stale"]
        self.last_stale = stale
        mine, fresh = d.run("export", "--candidates", "--no-daemon", *of_store(d)).stdout, self.fresh(stale)
        if mine != fresh:
            a, b = set(fresh.splitlines()), set(mine.splitlines())
            pytest.fail(f"{what}: fresh only {sorted(a - b)[:3]}, daemon only {sorted(b - a)[:3]}")


    def compare_kept(self):
        assert self.d.run("export", "--candidates", "--no-daemon", *of_store(self.d)).stdout == self.fresh(self.last_stale)


@contextlib.contextmanager
def edited(d, name):
    """The tree of a daemon, to be edited at random."""
    d.ask("index")
    original = tempfile.mkdtemp(prefix="pte-")
    print(f"SEED={SEED}")
    try:
        shutil.copytree(d.folder, original, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".parseltongue"))
        yield Tree(str(d.folder), original), random.Random(f"{SEED} {name}"), Judge(d)
    finally:
        shutil.rmtree(original, ignore_errors=True)


@pytest.mark.parametrize("engine", ["native", "sqlite"])
@pytest.mark.parametrize("name, files, edits", [("demo", None, 60), ("constructs", constructs, 90), ("members", members, 90)])
def test_every_edit_gives_what_a_fresh_index_gives(daemon, name, files, edits, engine):  # noqa: F811
    d, done = started(daemon, files, engine), []
    with edited(d, name) as (tree, rng, judge):
        for number in range(edits):
            kind = rng.choice(sorted(EDITS))
            if EDITS[kind](rng, tree):
                done.append(kind)
                judge.compare(f"edit {number}, {kind}, of SEED={SEED}")
            if number == edits // 2:  # what was committed stays, and it goes on from there
                os.kill(d.pids[-1], signal.SIGKILL)
                until(lambda: not lives(d.pids[-1]), "the daemon is gone")
                judge.fresh()
                d.start("--store", d.kept)
                judge.compare(f"restart after edit {number}, of SEED={SEED}")
        status = d.status()
    assert len(done) > edits * 2 // 3
    print(f"{judge.stale} states with a file that was kept as it was before")
    # of the second half; the others are told by `whole`
    assert status["batches_incremental"] > len(done) // 2 * 2 // 3, (status, d.log())
    for stopped in (False, True):  # the same while the daemon writes there and once it folded what it kept
        if stopped:
            d.stop()
        verified = d.run("verify", "--no-daemon", *of_store(d))
        assert verified.returncode == 0, verified.stdout + verified.stderr
        judge.compare_kept()


@pytest.mark.parametrize("name, files, engine", [("demo", None, "native"), ("constructs", constructs, "native"), ("members", members, "native"), ("members", members, "sqlite")])
def test_a_burst_of_edits_gives_what_a_fresh_index_gives(daemon, name, files, engine):  # noqa: F811
    """Edits that come while git holds its lock are one batch."""
    d = started(daemon, files, engine)
    lock = d.folder / ".git/index.lock"
    lock.parent.mkdir()
    with edited(d, f"bursts of {name}") as (tree, rng, judge):
        for number in range(25):
            lock.touch()
            wanted = [rng.choice(sorted(EDITS) + ["repair"] * 8) for _ in range(rng.choice((2, 4, 8, 20)))]
            done = [kind for kind in wanted if EDITS[kind](rng, tree)]
            lock.unlink()
            judge.compare(f"burst {number}, {done}, of SEED={SEED}")
    assert d.status()["batches_failed"] == 0, d.log()
    assert d.run("verify", "--no-daemon", *of_store(d)).returncode == 0


def test_a_save_costs_what_it_changes(daemon):  # noqa: F811
    """Files read and items resolved, for edits of known reach."""
    count = 200
    files = {"Cargo.toml": package("demo"), "src/lib.rs": "pub mod core;\n" + "".join(f"pub mod m{n};\n" for n in range(count)),
             "src/core.rs": "pub struct Thing { pub size: u32 }\nimpl Thing {\n    pub fn grow(&mut self) {\n        self.size += 1;\n    }\n}\npub fn lonely() {}\n"}
    for n in range(count):
        files[f"src/m{n}.rs"] = f"use crate::core::Thing;\npub fn use{n}(t: &mut Thing) {{\n    {'t.grow();' if n < 10 else 't.size += 1;'}\n}}\npub fn other{n}() {{}}\n"
    d = daemon(files)
    d.ask("index")
    with d.connect() as c:
        c.result("subscribe")

        def update_of(path, text):
            d.write({path: text})
            return c.receive()["params"]

        def save(path, text):
            update = update_of(path, text)
            assert update["whole"] is None and update["read"] == 1, update
            return update["resolved"]
        core = files["src/core.rs"]
        for number in range(50):  # until there is something to go on from
            update = update_of("src/m5.rs", files["src/m5.rs"] + f"// {number}\n")
            if update["whole"] is None and update["read"] == 1:
                break
        else:
            pytest.fail(str(update))
        # a body: itself, and the header of the impl around it, whose text it is too
        assert save("src/core.rs", core.replace("+= 1", "+= 2")) == 2
        # places alone: nothing
        assert save("src/core.rs", "// a line\n" + core.replace("+= 1", "+= 2")) == 0
        # a signature: those, and its ten callers
        assert save("src/core.rs", core.replace("grow(&mut self)", "grow(&mut self, by: u32)")) == 12
        assert save("src/core.rs", core) == 12
        # a fn nobody asks for: itself
        assert save("src/core.rs", core + "pub fn quite_new() {}\n") == 1
        # one that is asked for by one
        assert save("src/m3.rs", files["src/m3.rs"] + "pub fn calls() { crate::core::late(); }\n") == 1
        assert save("src/core.rs", core + "pub fn quite_new() {}\npub fn late() {}\n") == 2
        # a method of a type that three quarters never call
        assert save("src/core.rs", core.replace("pub fn grow", "pub fn shrink(&self) {}\n    pub fn grow") + "pub fn quite_new() {}\npub fn late() {}\n") == 2
    d.same_as_fresh()


def test_why_everything_is_made_anew_is_told(daemon):  # noqa: F811
    d = daemon({"Cargo.toml": package("demo"), "src/lib.rs": "pub fn first() {}\n"})
    d.ask("index")
    with d.connect() as c:
        c.result("subscribe")
        d.write({"src/lib.rs": "pub fn first() {}\npub fn second() {}\n"})
        c.receive()
        d.write({"Cargo.toml": package("demo") + "\n# more\n"})
        update = c.receive()["params"]
        assert update["whole"] == "Cargo.toml changed" and d.status()["whole"] == "Cargo.toml changed"
        d.write({"src/lib.rs": "pub fn first() {}\npub fn third() {}\n"})
        assert c.receive()["params"]["whole"] is None
    d.same_as_fresh()


def test_a_file_out_of_balance_counts_as_it_was(daemon):  # noqa: F811
    """While somebody types, an open bracket does not take the rest of the file away; callers in it are looked at all the same."""
    files = {"Cargo.toml": package("demo"), "src/lib.rs": "pub mod user;\npub mod tool;\n", "src/tool.rs": "pub fn first() {}\npub fn second() {}\npub use first as chosen;\n",
             "src/user.rs": "use crate::tool::chosen;\npub fn before() { chosen(); }\npub fn after() { before(); }\n"}
    d = daemon(files)
    judge = Judge(d)
    until(lambda: d.status()["memory"]["session"], "there is something to go on from")

    def now(*question):
        answer = d.ask(*question, "--wait", 30000)
        assert answer["pending"] == 0
        return answer
    assert {r["path"] for r in now("callers", "first")["results"]} == {"demo::user::before"}
    d.write({"src/user.rs": files["src/user.rs"].replace("pub fn after", "pub fn half() { if {\npub fn after")})
    answer = now("callers", "before")
    assert {r["path"] for r in answer["results"]} == {"demo::user::after"}
    assert answer["stale"] == answer["unbalanced"] == ["src/user.rs"] and not answer["complete"] and d.status()["stale"] == ["src/user.rs"]
    text = d.run("callers", "before").stdout.decode()
    assert "brackets are not balanced: src/user.rs" in text and "after" in text
    generation = d.status()["generation"]
    d.write({"src/user.rs": files["src/user.rs"] + "{{{"})  # and on
    assert now("callers", "before")["stale"] == ["src/user.rs"] and d.status()["generation"] == generation
    d.write({"src/tool.rs": files["src/tool.rs"].replace("use first", "use second")})  # read again from what it was
    assert {r["path"] for r in now("callers", "second")["results"]} == {"demo::user::before"} and now("callers", "first")["results"] == []
    assert d.status()["batches_incremental"] >= 3
    judge.compare("beside a file that is kept")
    d.write({"src/user.rs": files["src/user.rs"]})
    answer = now("callers", "second")
    assert answer["complete"] and answer["stale"] == [] and "unbalanced" not in answer
    judge.compare("balanced again")
    d.write({"src/user.rs": files["src/user.rs"] + "}"})
    assert now("callers", "second")["stale"] == ["src/user.rs"]
    (d.folder / "src/user.rs").unlink()
    assert now("callers", "second")["stale"] == []
    judge.compare("gone")
    d.write({"src/user.rs": "pub fn other( {"})  # it was never anything else
    assert now("where-defined", "other")["stale"] == []
    judge.compare("never balanced")
    d.write({"src/user.rs": files["src/user.rs"]})
    judge.compare("back")
    until(lambda: d.status()["memory"]["session"], "there is something to go on from")
    d.write({"src/user.rs": files["src/user.rs"] + "("})
    assert now("callers", "second")["stale"] == ["src/user.rs"]
    d.run("daemon", "restart")  # what it was is not kept beyond a life
    d.pids.append(d.status()["pid"])
    assert now("where-defined", "before")["stale"] == []
    judge.compare("another life")


def test_equal_items_come_and_go(daemon):  # noqa: F811
    """A copied function, an impl written twice: each save costs what it changes, whoever is told apart by order alone."""
    base = "pub struct Thing;\nimpl Thing { pub fn new() -> Thing { Thing } pub fn go(&self) { Thing::new(); } }\npub fn first() -> Thing { Thing::new() }\n"
    d = daemon({"Cargo.toml": package("demo"), "src/lib.rs": base, "src/user.rs": ""})
    judge = Judge(d)
    until(lambda: d.status()["memory"]["session"], "there is something to go on from")
    twice = base + "impl Thing { pub fn new() -> Thing { Thing } pub fn go(&self) { fn inner() {} inner(); } }\n"
    states = [base + "pub fn first() -> Thing { Thing::new() }\n", base.replace("pub fn first", "pub fn first() -> u32 { 1 }\npub fn first"), base, twice,
              twice.replace("pub fn go(&self) { Thing::new(); }", "pub fn go(&self) {} pub fn go(&self) { Thing::new(); }"), twice.replace("impl Thing", "impl Thing {}\nimpl Thing"),
              twice.split("impl Thing")[0] + "impl Thing" + twice.split("impl Thing")[2], base + "mod a { pub struct In; pub fn f(i: In) {} }\nmod a { pub struct In; pub fn f(i: In) {} }\n",
              base + "mod a { pub struct In; }\nmod a { pub struct In; pub fn f(i: In) {} }\nmod a { pub struct In; pub fn f(i: In) {} pub fn g(i: &In) { f(In) } }\n",
              base + "mod a { pub struct In; pub fn f(i: In) {} pub fn g(i: &In) { f(In) } }\n", "pub fn first() {}\n", base]
    for number, text in enumerate(states):
        d.write({"src/lib.rs": text})
        judge.compare(f"state {number}")
    status = d.status()
    assert status["batches_incremental"] >= len(states) and status["whole"] is None, status


def test_derives_are_told_where_they_stand(daemon):  # noqa: F811
    """Above their item, at any distance, and after lines came or went between the two."""
    d = daemon({"Cargo.toml": package("demo"), "src/lib.rs": "#[derive(Clone,\n    Debug)]\n#[repr(C)]\npub struct Thing;\n"})
    judge = Judge(d)
    until(lambda: d.status()["memory"]["session"], "there is something to go on from")

    def places():
        return {(r["trait"].split("::")[-1], r["line"], r["col"]) for r in d.ask("traits-of", "Thing", "--wait", 30000)["results"]}
    assert places() == {("Clone", 1, 10), ("Debug", 2, 5)}
    for text, clone, debug in [("\n\n#[derive(Clone,\n    Debug)]\n#[repr(C)]\npub struct Thing;\n", (3, 10), (4, 5)), ("#[derive(Clone,\n    Debug)]\n// two\n// lines\n#[repr(C)]\npub struct Thing;\n", (1, 10), (2, 5)),
                               ("#[derive(Clone)]\n\n #[derive(Debug)] pub struct Thing;\n", (1, 10), (3, 11)), ("#[derive(Clone, Debug)] pub struct Thing;\n", (1, 10), (1, 17))]:
        d.write({"src/lib.rs": text})
        assert places() == {("Clone", *clone), ("Debug", *debug)}, text
        judge.compare(text)
    assert d.status()["batches_incremental"] == 4


def test_what_a_macro_brought_keeps_its_place(daemon):  # noqa: F811
    """A macro is edited whose callers' texts are not in memory: what their arguments say still stands where it was written."""
    made = ("#[macro_export]\nmacro_rules! keys {\n    () => {};\n    ($v:vis static $n:ident : $t:ty; $($rest:tt)*) => { $crate::key!($v $n, $t); $crate::keys!($($rest)*); };\n}\n"
            "#[macro_export]\nmacro_rules! key {\n    ($v:vis $n:ident, $t:ty) => { $v static $n: $crate::Key<$t> = $crate::Key::new(); };\n}\n"
            "pub struct Key<T>(T);\nimpl<T> Key<T> { pub const fn new() -> Key<T> { loop {} } }\n")
    d = daemon({"Cargo.toml": package("demo"), "src/lib.rs": made + "pub mod other;\n", "src/other.rs": "", "tests/t.rs": "fn local() {\n    demo::keys! {\n        static FIRST: u32;\n        pub static SECOND: bool;\n    }\n}\n"})
    judge = Judge(d)
    until(lambda: d.status()["memory"]["session"], "there is something to go on from")
    for number in range(3):
        d.write({"src/other.rs": f"pub fn other_{number}() {{}}\n"})
        judge.compare("elsewhere")
        d.write({"src/lib.rs": made.replace("    ($v:vis $n:ident", f"    (@rule{number}) => {{}};\n    ($v:vis $n:ident") + "pub mod other;\n"})
        judge.compare("a rule more")
        assert {(r["path"].split("::")[-1], r["line"]) for r in d.ask("entities-in", "tests/t.rs")["results"] if r["kind"] == "static"} == {("FIRST", 2), ("SECOND", 4)}
