"""The SCIP export, read by the official `scip` tool: what is defined where, what refers to it, what implements what."""
import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import ROOT

TOOL = ROOT / "build/tools/scip"
ROLE_DEFINITION, ROLE_TEST = 1, 32


@pytest.fixture(scope="module")
def scip():
    """Built from the Go module proxy, pinned by tests/tools/scip/go.sum."""
    if not TOOL.exists():
        if not shutil.which("go"):
            pytest.skip("no go: the scip tool cannot be built")
        done = subprocess.run(["go", "build", "-o", TOOL, "github.com/sourcegraph/scip/cmd/scip"], cwd=ROOT / "tests/tools/scip",
                              env={**os.environ, "GOFLAGS": "-mod=readonly"}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def run(*arguments):
        return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    return run


def printed(scip, path):
    """What `scip print` says, with the names of scip.proto."""
    done = scip("print", "--json", path)
    assert done.returncode == 0, done.stderr

    def plain(value):
        if isinstance(value, list):
            return [plain(v) for v in value]
        return {re.sub("[A-Z]", lambda m: "_" + m[0].lower(), k): plain(v) for k, v in value.items()} if isinstance(value, dict) else value
    return plain(json.loads(done.stdout))


@pytest.fixture(scope="module")
def index(demo, scip, tmp_path_factory):
    path = tmp_path_factory.mktemp("scip") / "index.scip"
    path.write_bytes(demo.run("export", "--format", "scip").stdout)
    return path, printed(scip, path)


def symbols(index):
    return {s["symbol"]: s for d in index["documents"] for s in d.get("symbols", [])}


def span(line, occurrence):
    numbers = occurrence["range"]
    assert len(numbers) == 3
    return line[numbers[1]:numbers[2]]


def test_the_same_bytes_each_time(demo):
    first, again = (demo.run("export", "--format", "scip").stdout for _ in range(2))
    assert first == again and len(first) > 1000


def test_lint(scip, index):
    """`scip lint` visits documents in no order and misses symbols of those it comes to later: such a complaint is of the tool when the
    symbol is defined; every other one is ours."""
    defined = symbols(index[1])
    done = scip("lint", index[0])
    for line in (done.stdout + done.stderr).splitlines():
        later = re.search(r"has a relationship to '([^']*)' \(#2\), but couldn't find #2 in external symbols or some other document", line)
        assert later and later.group(1) in defined, line


def test_stats_and_snapshot(demo, scip, index, tmp_path):
    stats = json.loads(scip("stats", "--from", index[0], "--project-root", demo.folder).stdout)
    assert stats["documents"] == len({n["file"] for n in demo.nodes(external=False)})
    assert stats["definitions"] == sum(1 for d in index[1]["documents"] for o in d["occurrences"] if o.get("symbol_roles", 0) & ROLE_DEFINITION)
    done = scip("snapshot", "--from", index[0], "--to", tmp_path, "--project-root", demo.folder)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "engine/src/shape.rs").read_text()
    assert re.search(r"\^+ definition .*Shape#", text) and re.search(r"\^+ reference .*Shape#", text)


def test_definitions_stand_on_their_names(demo, index):
    seen = 0
    for document in index[1]["documents"]:
        lines = (demo.folder / document["relative_path"]).read_text().splitlines()
        names = {s["symbol"]: s for s in document.get("symbols", [])}
        for o in document["occurrences"]:
            if not o.get("symbol_roles", 0) & ROLE_DEFINITION:
                continue
            information = names[o["symbol"]]
            told, name = span(lines[o["range"][0]], o), information["display_name"]
            if name.startswith("impl") or " impl" in name:
                assert told == "impl"
            elif o["range"][1] != o["range"][2]:
                assert told in (name, "r#" + name) or "!" in lines[o["range"][0]], (document["relative_path"], o, name)
                seen += told == name
    assert seen > 60


def test_references_are_those_of_the_graph(demo, index):
    _, nodes, edges = demo.graph()
    wanted = {(e["file"], e["line"], e["col"]) for e in edges if e["kind"] not in ("contains", "overrides") and nodes[e["to"]]["kind"] != "primitive"}
    told = {(d["relative_path"], o["range"][0] + 1, o["range"][1] + 1) for d in index[1]["documents"] for o in d["occurrences"]
            if not o.get("symbol_roles", 0) & ROLE_DEFINITION}
    assert told == wanted


def test_who_implements(demo, index):
    found = symbols(index[1])
    of_trait = sorted(s for s, information in found.items()
                      for r in information.get("relationships", []) if r.get("is_implementation") and r["symbol"].endswith("/Shape#"))
    wanted = sorted(r["type"].split("::")[-1] for r in demo.rows("who-implements", "demo_core::shape::Shape") if r["kind"] != "blanket" and not r["type"].startswith("&"))
    assert wanted and sorted({re.search(r"([^/#]+)#$", s).group(1) for s in of_trait if not s.endswith("`#")}) == sorted(set(wanted))
    member = next(s for s in found if s.endswith("for Circle`#area()."))
    assert found[member]["relationships"][0] == {"symbol": next(s for s in found if s.endswith("/Shape#area().")), "is_reference": True, "is_implementation": True}


def test_symbols_are_unique_and_well_formed(index):
    defined = [s["symbol"] for d in index[1]["documents"] for s in d.get("symbols", [])]
    assert len(defined) == len(set(defined))
    external = [s["symbol"] for s in index[1].get("external_symbols", [])]
    assert len(external) == len(set(external)) and not set(external) & set(defined)
    used = {o["symbol"] for d in index[1]["documents"] for o in d["occurrences"]}
    assert used <= set(defined) | set(external)
    assert all(s.startswith("parseltongue cargo ") for s in used)


def test_a_file_that_changed_is_named(crate):
    demo = crate("pub fn a() {}\npub fn b() { a() }\n")
    demo.write({"src/lib.rs": "// moved\npub fn a() {}\npub fn b() { a() }\n"})
    done = demo.run("export", "--format", "scip")
    assert done.returncode == 4 and b"src/lib.rs changed since the index" in done.stderr and not done.stdout


@pytest.mark.parametrize("text, name, column", [
    ("pub(crate) fn r#crate_() {}\n", "crate_", 16), ("pub(in crate) fn f() {}\n", "f", 17), ("pub fn r#type() { }\n", "type", 9),
    ('pub extern "C" fn C() {}\n', "C", 18), ("pub struct r#struct;\n", "struct", 13)])
def test_names_that_stand_elsewhere_too(crate, scip, tmp_path, text, name, column):
    demo = crate(text)
    path = tmp_path / "index.scip"
    path.write_bytes(demo.run("export", "--format", "scip").stdout)
    document = printed(scip, path)["documents"][0]
    symbol = next(s["symbol"] for s in document["symbols"] if s["display_name"] == name)
    o = next(o for o in document["occurrences"] if o["symbol"] == symbol and o.get("symbol_roles", 0) & ROLE_DEFINITION)
    assert o["range"][1] == column and span(text, o) == name


def test_columns_are_characters(crate, scip, tmp_path):
    demo = crate("pub fn a() {}\npub fn b() { let _x = \"ж😀é\"; a() }\n")
    path = tmp_path / "index.scip"
    path.write_bytes(demo.run("export", "--format", "scip").stdout)
    document = printed(scip, path)["documents"][0]
    assert document["position_encoding"] in (3, "UTF32CodeUnitOffsetFromLineStart")
    line = (demo.folder / "src/lib.rs").read_text().splitlines()[1]
    assert {span(line, o) for o in document["occurrences"] if o["range"][0] == 1} == {"a", "b"}
