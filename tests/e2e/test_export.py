"""Exports: the canonical form is valid, sorted and the same whatever made it; the others parse."""
import json
import re
import shutil
import xml.etree.ElementTree as ET

import pytest
from conftest import DEMO, Workspace, valid, validator


def test_jsonl_lines_fit_the_schema(demo):
    check = validator("export")
    for line in demo.export("--candidates").splitlines():
        assert check.is_valid(json.loads(line)), line


def test_jsonl_is_sorted_and_closed(demo):
    lines = demo.export().splitlines()
    kinds = [json.loads(line)["t"] for line in lines]
    nodes, edges = kinds.count("node"), kinds.count("edge")
    assert kinds == ["meta"] + ["node"] * nodes + ["edge"] * edges
    raw = [line.encode() for line in lines]
    assert raw[1:nodes + 1] == sorted(set(raw[1:nodes + 1])) and raw[nodes + 1:] == sorted(set(raw[nodes + 1:]))
    _, by_id, all_edges = demo.graph()
    assert len(by_id) == nodes
    assert all(e["from"] in by_id and e["to"] in by_id for e in all_edges)


def test_edges_agree_with_the_files(demo):
    _, nodes, edges = demo.graph()
    for e in edges:
        lines = (demo.folder / e["file"]).read_text().splitlines()
        assert 1 <= e["line"] <= max(len(lines), 1), e
        if e["kind"] == "calls" and e["via"] in ("path", "method") and e["line"] != 9:
            assert nodes[e["to"]]["name"] in lines[e["line"] - 1][e["col"] - 1:], e


def test_every_local_item_hangs_in_the_tree(demo):
    _, nodes, edges = demo.graph()
    inside = {e["to"] for e in edges if e["kind"] == "contains"}
    loose = [n["path"] for n in nodes.values() if not n["external"] and n["kind"] != "crate" and n["id"] not in inside]
    assert loose == []


def test_one_place_and_target_has_one_kind(demo):
    _, _, edges = demo.graph()
    seen = {}
    for e in edges:
        if e["kind"] in ("contains", "overrides", "implements"):
            continue
        key = (e["from"], e["to"], e["file"], e["line"], e["col"])
        assert seen.setdefault(key, e["kind"]) == e["kind"], e


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_same_whatever_the_threads(demo, demo_copy, threads):
    made = demo_copy(f"threads{threads}")
    made.index("--threads", threads)
    assert made.export("--candidates") == demo.export("--candidates")


def test_the_same_wherever_it_lies(demo, tmp_path):
    folder = tmp_path / "some where/else"
    shutil.copytree(DEMO, folder)
    made = Workspace(folder)
    made.index()
    assert made.export() == demo.export()
    made.index("--rebuild")
    assert made.export() == demo.export()


def test_candidates_only_add(demo):
    assert set(demo.export().splitlines()) <= set(demo.export("--candidates").splitlines())
    assert all(e["confidence"] != "candidate" for e in demo.graph()[2])


def test_dot(demo):
    text = demo.export("--format", "dot")
    lines = text.splitlines()
    assert lines[0] == "digraph parseltongue {" and lines[-1] == "}"
    node = re.compile(r'  (n[0-9a-f]{16}) \[label="((?:[^"\\]|\\.)*)"(, style=dashed)?\];')
    edge = re.compile(r'  (n[0-9a-f]{16}) -> (n[0-9a-f]{16}) \[label="([a-z]+)"\];')
    nodes = {m[1] for m in map(node.fullmatch, lines) if m}
    edges = [m for m in map(edge.fullmatch, lines) if m]
    assert len(nodes) + len(edges) + 4 == len(lines)
    assert len(nodes) == len(demo.graph()[1]) and all(m[1] in nodes and m[2] in nodes for m in edges)
    assert "contains" not in {m[3] for m in edges}


def test_graphml(demo):
    root = ET.fromstring(demo.export("--format", "graphml"))
    space = "{http://graphml.graphdrawing.org/xmlns}"
    ids = {n.get("id") for n in root.iter(space + "node")}
    assert len(ids) == len(demo.graph()[1])
    assert all(e.get("source") in ids and e.get("target") in ids for e in root.iter(space + "edge"))
    assert "<demo_core::shape::Square as demo_core::shape::Shape>::area" in {d.text for d in root.iter(space + "data")}


def test_mermaid(demo):
    lines = demo.export("--format", "mermaid").splitlines()
    assert lines[0] == "flowchart LR"
    node = re.compile(r'  (n[0-9a-f]{16})\["[^"]*"\]')
    edge = re.compile(r"  (n[0-9a-f]{16}) -->\|[a-z]+\| (n[0-9a-f]{16})")
    assert all(node.fullmatch(line) or edge.fullmatch(line) for line in lines[1:])


def test_names_that_need_escaping(crate):
    made = crate('#[doc = "tab\\t"] pub fn f(a: &str) -> bool { a == "\\"" }\n#[cfg(feature = "a\\"b")] pub fn g() {}\npub const S: &str = "\\\\\\n";\n')
    for line in made.export().splitlines():
        valid(json.loads(line), "export")
    ET.fromstring(made.export("--format", "graphml"))
