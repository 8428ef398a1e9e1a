"""Dependencies whose sources lie in vendor/: their types, macros, features and versions; nothing of the machine's own is read."""
import os

import pytest
from conftest import Workspace, package

LEAF = {
    "vendor/leaf/Cargo.toml": package("leaf", version="1.4.2", extra='[features]\ndefault = ["std"]\nstd = []\nloud = []\n'),
    "vendor/leaf/src/lib.rs": """
pub struct Leaf { pub size: u32 }
impl Leaf {
    pub fn grow(self) -> Grown { Grown }
    #[cfg(feature = "loud")] pub fn voice(&self) -> Loud { Loud }
    #[cfg(not(feature = "loud"))] pub fn voice(&self) -> Quiet { Quiet }
}
pub struct Grown;
pub struct Loud;
pub struct Quiet;
impl std::ops::Deref for Grown { type Target = Leaf; fn deref(&self) -> &Leaf { loop {} } }
pub trait Climb { fn climb(&self) -> u8 { 0 } }
#[cfg(feature = "loud")] #[macro_export] macro_rules! echo { ($n:ident) => { pub struct $n; impl $crate::Climb for $n {} impl Clone for $n { fn clone(&self) -> Self { loop {} } } } }
#[cfg(not(feature = "loud"))] #[macro_export] macro_rules! echo { ($n:ident) => { pub struct $n; impl $crate::Climb for $n {} } }
#[cfg(windows)] mod windows_only;
"""}
BRANCH = {
    "vendor/branch/Cargo.toml": package("branch", version="0.3.1", extra='[dependencies]\nleaf = "1"\nhidden = "1"\n'),
    "vendor/branch/src/lib.rs": "pub use leaf::Leaf;\nuse hidden::Secret;\npub fn twig() -> Leaf { loop {} }\npub fn secret() -> Secret { loop {} }\n"}
HIDDEN = {"vendor/hidden/Cargo.toml": package("hidden", version="1.0.0"), "vendor/hidden/src/lib.rs": "pub struct Secret;\n"}
ROOT = package("demo", extra='[dependencies]\nbranch = "0.3"\nleaf = "1.2"\n')
TEXT = """
use leaf::Climb;
leaf::echo!(Made);
pub trait Mine { fn mine(&self) {} }
impl Mine for leaf::Quiet {}
impl Mine for leaf::Loud {}
pub fn go() {
    let l = branch::twig();
    l.voice().mine();
    let g = l.grow();
    g.voice();
    Made.climb();
}
"""


def made(tmp_path, root=ROOT, text=TEXT, **more):
    return Workspace(tmp_path, {"Cargo.toml": root, "src/lib.rs": text, **LEAF, **BRANCH, **HIDDEN, **more})


def callees(w, item="go"):
    return {(r["path"], r["confidence"]) for r in w.rows("callees", item)}


def test_types_macros_and_reexports_of_dependencies(tmp_path):
    w = made(tmp_path)
    report = w.index()
    assert (report["dependencies"], report["dependencies_absent"]) == (2, 0), "what is not shown to us is not read"
    assert callees(w) >= {("branch::twig", "exact"), ("leaf::Leaf::voice", "exact"), ("leaf::Leaf::grow", "exact"),
                          ("<leaf::Grown as core::ops::deref::Deref>::deref", "exact"), ("leaf::Climb::climb", "exact"),
                          ("demo::Mine::mine", "exact")}
    assert {r["trait"] for r in w.rows("traits-of", "Made")} == {"leaf::Climb"}


def test_features_that_are_asked_for_are_on(tmp_path):
    w = made(tmp_path, root=package("demo", extra='[dependencies]\nbranch = "0.3"\nleaf = { version = "1.2", features = ["loud"] }\n'))
    w.index()
    assert {r["trait"] for r in w.rows("traits-of", "Made")} == {"leaf::Climb", "core::clone::Clone"}
    _, nodes, edges = w.graph()
    assert "leaf::Loud" not in {n["path"] for n in nodes.values()} or any(
        e["kind"] == "calls" and nodes[e["to"]]["path"] == "demo::Mine::mine" for e in edges)


def test_without_dependencies_their_paths_are_taken_as_written(tmp_path):
    w = made(tmp_path)
    w.index("--no-dependencies")
    assert ("branch::twig", "inferred") in callees(w)
    assert w.index()["dependencies"] == 2, "that they are read now is a change"


def test_the_locked_version_is_meant_and_no_other(tmp_path):
    lock = 'version = 3\n[[package]]\nname = "leaf"\nversion = "1.3.0"\n'
    w = made(tmp_path / "one", **{"Cargo.lock": lock})
    report = w.index()
    assert report["dependencies_absent"] == 1 and ("leaf::Leaf::grow", "exact") not in callees(w)
    older = {k.replace("leaf", "leaf-1.3.0"): v.replace("1.4.2", "1.3.0").replace("fn grow", "fn rise") for k, v in LEAF.items()}
    w = made(tmp_path / "both", text=TEXT.replace("grow", "rise"), **{"Cargo.lock": lock}, **older)
    w.index()
    assert ("leaf::Leaf::rise", "exact") in callees(w)


@pytest.mark.parametrize("damage", [b"", b"PTSI", None])
def test_a_damaged_or_missing_cache_is_made_again(tmp_path, damage):
    w, cache = made(tmp_path / "w"), tmp_path / "cache"
    env = {"XDG_CACHE_HOME": str(cache)}
    assert w.run("index", env=env).returncode == 0
    before = w.export()
    segments = list(cache.glob("parseltongue/segments/*.segment"))
    assert len(segments) == 2
    for s in segments:
        if damage is None:
            data = bytearray(s.read_bytes())
            data[len(data) // 2] ^= 0xff
            s.write_bytes(data)
        else:
            s.write_bytes(damage)
    assert w.run("index", "--rebuild", env=env).returncode == 0
    assert w.export().splitlines()[1:] == before.splitlines()[1:]


def test_no_cache_folder_is_no_obstacle(tmp_path):
    w = made(tmp_path / "w")
    (tmp_path / "file").write_text("")
    done = w.run("index", "--json", env={"XDG_CACHE_HOME": str(tmp_path / "file"), "HOME": os.devnull})
    assert done.returncode == 0 and b'"dependencies":2' in done.stdout


def test_the_same_graph_whatever_the_threads(tmp_path):
    w = made(tmp_path)
    w.index("--rebuild", "--threads", "1")
    one = w.export()
    w.index("--rebuild", "--threads", "4")
    assert w.export().splitlines()[1:] == one.splitlines()[1:]


@pytest.mark.parametrize("requirement, version, meets", [
    ("1.2", "1.9.0", True), ("1.2", "2.0.0", False), ("0.3", "0.3.9", True), ("0.3", "0.4.0", False), ("0.0.3", "0.0.4", False),
    ("~1.2", "1.3.0", False), ("=1.4.2", "1.4.2", True), (">=1, <1.4", "1.4.2", False), ("*", "1.4.2", True), ("1.*", "1.4.2", True),
    ("1.4.2-rc.1", "1.4.2", True), ("1", "1.4.2-rc.1", False)])
def test_requirements(tmp_path, requirement, version, meets):
    leaf = {k: v.replace("1.4.2", version) for k, v in LEAF.items()}
    w = Workspace(tmp_path, {"Cargo.toml": package("demo", extra=f'[dependencies]\nleaf = "{requirement}"\n'), "src/lib.rs": "", **leaf})
    assert w.index()["dependencies"] == int(meets)
