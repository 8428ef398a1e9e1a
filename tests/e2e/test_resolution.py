"""What calls resolve to: each file of tests/fixtures/resolution is a crate whose marks name the callees rustc selects.

    x.touch(); //~ demo::Inner::touch
    x.field(); //~ none

A mark lists every callee of the crate that the innermost fn around the line calls there, those reached by forwarding
(`into`, `?`, `{}` ...) included; `none` says there is none. Lines without a mark are not judged. What a macro_rules! body
calls stands at the line of the macro's call. An item called through a variable is not marked.
"""
import collections
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ROOT, Workspace, package

FIXTURES = ROOT / "tests/fixtures/resolution"
NAMES = sorted(p.stem for p in FIXTURES.glob("*.rs"))
MARK = re.compile(r"//~ (.+)$")
CALLERS = {"fn", "method", "const", "static", "assoc_const"}

# Files whose marks are not all met yet, and why. One that is met fails here, so that the list only shrinks.
KNOWN_MISSES = {
    "alias_of_a_parameter": "an impl for an alias that stands for its own parameter",
    "cfg_twin_alias_and_import": "members are looked up on the usual one of cfg twins alone",
    "cfg_twin_imports_as_type": "members are looked up on the usual one of cfg twins alone",
    "cfg_twin_modules": "a path goes on through the usual one of cfg twins alone",
    "inferred_type_paths": "<_>::name does not wait for the type",
    "into_by_where_clause": "into of a projection that is bounded by Into is forwarded",
    "matched_by_ref_mut": "places that ref mut borrows go through Deref",
    "adaptor_items_flat": "Item of Flatten and FlatMap is not projected",
    "adaptor_items_sources": "Item of from_fn and repeat_with is not projected",
    "autoref_of_value_methods": "a by-value method whose impl does not fit ends the probe before the borrowed steps",
    "bounds_on_compound_types": "where-clauses on Vec<T>, &T and I::Item of an IntoIterator give no members",
    "break_from_inner_loop": "a loop without a break of its own types the labelled one",
    "closures_returned": "a closure's parameters from a returned Box<dyn Fn> or impl Fn",
    "collect_adaptors": "collect of an adaptor: Item is not projected",
    "const_arguments": "bodies of const arguments are not read",
    "default_type_arguments": "default type arguments are not filled in",
    "expected_closure_types": "a closure's parameters from an expected dyn Fn",
    "fn_item_receivers": "closures and fn items meet no Fn bound as receivers",
    "forwarded_format_arguments": "named arguments and {:x} are not forwarded",
    "forwarded_sum": "sum and product are not forwarded",
    "forwarded_try_into": "try_into is not forwarded",
    "gat_projections": "projections with arguments of their own",
    "generic_trait_by_result": "impls of one generic trait told apart by the expected result",
    "impl_bounds_in_probing": "an impl whose bounds the receiver does not meet is taken",
    "index_mut_through_deref": "places written to go through DerefMut: Deref is named",
    "macro_by_path": "macro_rules! called by path or through use",
    "operators_by_literal": "impls of one generic trait told apart by an integer literal",
    "pinned_futures": "Output of a future behind Pin or a reference",
    "qualified_path_results": "the trait's arguments in a path do not reach the result",
    "result_alias": "default type arguments are not filled in",
    "slice_get": "the output of SliceIndex",
    "slice_join": "the output of Join and Concat",
}


def commas(text):
    """Splits at the commas that no bracket encloses."""
    out, depth = [""], 0
    for c in text:
        depth += (c in "<([") - (c in ">)]")
        if c == "," and depth == 0:
            out.append("")
        else:
            out[-1] += c
    return {one.strip() for one in out}


def marks(text):
    """Line -> the callees its mark names."""
    found = ((number, MARK.search(line)) for number, line in enumerate(text.splitlines(), 1))
    return {number: set() if m[1].strip() == "none" else commas(m[1]) for number, m in found if m}


def differences(name, folder):
    """The marked lines from which other calls go than the mark says, as text."""
    text = (FIXTURES / f"{name}.rs").read_text()
    workspace = Workspace(folder, {"Cargo.toml": package("demo"), "src/lib.rs": text})
    indexed = workspace.run("index", "--quiet")
    assert indexed.returncode == 0, indexed.stderr
    _, nodes, edges = workspace.graph()
    bodies = [n for n in nodes.values() if n["kind"] in CALLERS and not n["external"]]
    calls = collections.defaultdict(set)
    for e in edges:
        if e["kind"] == "calls" and e["confidence"] != "candidate" and not nodes[e["to"]]["external"]:
            calls[e["line"]].add((e["from"], nodes[e["to"]]["path"]))
    wrong, lines = [], text.splitlines()
    for line, expected in marks(text).items():
        around = [n for n in bodies if n["line"] <= line <= n["end_line"]]
        size = min((n["end_line"] - n["line"] for n in around), default=0)
        callers = {n["id"] for n in around if n["end_line"] - n["line"] == size}
        found = {callee if caller in callers else f"{callee} (called by {nodes[caller]['path']})" for caller, callee in calls[line]}
        if found != expected:
            wrong.append(f"line {line}: {lines[line - 1].split('//~')[0].strip()}\n"
                         f"    expected {', '.join(sorted(expected)) or 'none'}\n    found    {', '.join(sorted(found)) or 'none'}")
    return wrong


def compiled(name, folder):
    folder.mkdir()
    done = subprocess.run(["rustc", "--edition", "2021", "--crate-type", "lib", "--crate-name", "demo", "--emit=metadata", "--cap-lints",
                           "allow", "--out-dir", folder, FIXTURES / f"{name}.rs"], capture_output=True, text=True, timeout=60)
    return done.stderr if done.returncode else ""


def ahead(request, folder, test, work):
    """The selected cases of one test, begun in threads: name -> what work(name, folder) will return."""
    names = [i.callspec.params["name"] for i in request.session.items if i.path == request.path and i.name.startswith(test + "[")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(work, name, folder / name) for name in names}
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def indexing(request, tmp_path_factory):
    yield from ahead(request, tmp_path_factory.mktemp("resolution"), "test_calls", differences)


@pytest.fixture(scope="module")
def compiling(request, tmp_path_factory):
    yield from ahead(request, tmp_path_factory.mktemp("compiled"), "test_fixture_compiles", compiled)


@pytest.mark.parametrize("name", NAMES)
def test_calls(name, indexing):
    wrong = indexing[name].result()
    if name in KNOWN_MISSES:
        assert wrong, f"{name}.rs is met now: take it off KNOWN_MISSES"
        pytest.xfail(KNOWN_MISSES[name])
    assert not wrong, f"{name}.rs\n" + "\n".join(wrong)


@pytest.mark.skipif(not shutil.which("rustc"), reason="no rustc")
@pytest.mark.parametrize("name", NAMES)
def test_fixture_compiles(name, compiling):
    said = compiling[name].result()
    assert not said, said


def test_every_fixture_has_marks_and_every_miss_a_fixture():
    assert [n for n in NAMES if not marks((FIXTURES / f"{n}.rs").read_text())] == []
    assert set(KNOWN_MISSES) <= set(NAMES)
