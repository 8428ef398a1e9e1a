"""The demo workspace: every expectation here was read off its sources by hand."""
import pytest


def types(rows):
    return sorted((r["type"], r["via"]) for r in rows)


def test_who_implements_an_own_trait(demo):
    rows = demo.rows("who-implements", "Shape")
    assert sorted((r["impl"], r["line"]) for r in rows) == [
        ("impl Shape for &Circle", 56), ("impl Shape for Circle", 45), ("impl Shape for Square", 37)]
    assert all(r["confidence"] == "exact" and r["file"] == "engine/src/shape.rs" for r in rows)


def test_impl_for_a_reference_is_not_merged_with_its_type(demo):
    rows = {r["impl"]: r for r in demo.rows("who-implements", "Shape")}
    assert rows["impl Shape for &Circle"]["type"] != "demo_core::shape::Circle"
    assert rows["impl Shape for &Circle"]["kind"] == "primitive"
    shapes = [r for r in demo.rows("traits-of", "Circle") if r["trait"] == "demo_core::shape::Shape"]
    assert [r["impl"] for r in shapes] == ["impl Shape for Circle"]


@pytest.mark.parametrize("trait, expected", [
    ("Debug", ["demo_core::inner::deep::Derived", "demo_core::shape::Circle", "demo_core::shape::Square"]),
    ("Clone", ["demo_core::shape::Circle", "demo_core::shape::Square"]),
    ("Copy", ["demo_core::shape::Circle"]),
    ("Default", ["demo_core::shape::Circle"]),
    ("PartialEq", ["demo_core::shape::Square"]),
])
def test_derives(demo, trait, expected):
    rows = demo.rows("who-implements", trait)
    assert types(rows) == [(t, "derive") for t in expected]
    assert all(r["confidence"] == "exact" and "impl" not in r for r in rows)


def test_a_trait_of_std_is_found_by_any_name(demo):
    expected = demo.rows("who-implements", "Display")
    assert types(expected) == [("demo_core::shape::Square", "impl")]
    for name in ("fmt::Display", "core::fmt::Display"):
        assert demo.rows("who-implements", name) == expected
    assert demo.rows("what-implements", "Display") == expected


def test_blanket_impl_stands_apart(demo):
    rows = demo.rows("who-implements", "Named")
    assert [(r["type"], r["via"], r["kind"]) for r in rows] == [("impl<T: Shape + fmt::Debug> Named for T", "blanket", "blanket")]


def test_impls_of_one_trait_with_different_arguments(demo):
    rows = demo.rows("who-implements", "From")
    assert sorted(r["impl"] for r in rows) == ["impl From<Feet> for Length", "impl From<Meters> for Length", "impl From<Square> for Circle"]
    assert [r["impl"] for r in demo.rows("who-implements", "From<Meters>")] == ["impl From<Meters> for Length"]
    assert [r["impl"] for r in demo.rows("who-implements", "From<Feet>")] == ["impl From<Feet> for Length"]
    assert demo.rows("who-implements", "From<Circle>") == []
    impls = [n for n in demo.nodes(kind="impl") if n["path"] == "<demo_core::convert::Length as core::convert::From>"]
    assert len(impls) == 2 and impls[0]["id"] != impls[1]["id"]


def test_traits_of(demo):
    assert [r["trait"] for r in demo.rows("traits-of", "Square")] == [
        "core::clone::Clone", "core::cmp::PartialEq", "core::fmt::Debug", "demo_core::shape::Shape", "core::fmt::Display"]
    extends = [r["trait"] for r in demo.rows("traits-of", "shape::Named") if r["via"] == "extends"]
    assert extends == ["core::fmt::Debug"]


@pytest.mark.parametrize("item, expected", [
    ("Square::new", ["app[bin:app]::main", "demo_core::shape::Square::unit"]),
    ("demo_core::leaf", ["demo_core::outer", "demo_core::outer::nested"]),
    ("outer::nested", ["demo_core::outer"]),
    ("demo_core::outer", ["app[bin:app]::report::render", "demo_core::inner::deep::Hidden::reveal"]),
    # generic bounds, `dyn` and `self` in a trait: the trait's method
    ("Shape::area", ["demo_core::shape::Shape::describe", "demo_core::shape::measure", "demo_core::total"]),
    # a known receiver: the impl's
    ("<Square as Shape>::area", ["<demo_core::shape::Square as core::fmt::Display>::fmt", "app[bin:app]::report::render",
                                 "demo_core::shape::measure_square"]),
    ("<demo_core::shape::Circle as demo_core::shape::Shape>::area", ["<&demo_core::shape::Circle as demo_core::shape::Shape>::area"]),
    # a default method that the impl does not define
    ("Shape::describe", ["<T as demo_core::shape::Named>::name", "demo_core::shape::tell"]),
    ("demo_core::shape::Named::name", ["demo_core::shape::measure_dyn"]),
    ("Hidden::reveal", ["app[bin:app]::main", "demo_core::inner::deep::tests::reveals"]),
    ("Square::unit", ["app[test:whole]::whole"]),
    # inside macros of std and of the workspace
    ("macros::label", ["demo_core::macros::speak"]),
    ("macros::check", ["demo_core::macros::verify"]),
    ("macros::helper", ["demo_core::macros::collect", "demo_core::macros::is_one", "demo_core::macros::made_one", "demo_core::macros::verify"]),
    ("macros::made_two", ["demo_core::macros::collect"]),
    # homonyms: a receiver of std's types never reaches them
    ("Joiner::join", ["demo_core::homonyms::own_join"]),
    ("Joiner::push", []),
    ("Joiner::len", []),
])
def test_callers(demo, item, expected):
    assert demo.paths("callers", item) == sorted(expected)


@pytest.mark.parametrize("item, expected", [
    ("std_join", ["std::path::Path::join"]),
    ("std_push", ["alloc::vec::Vec::len", "alloc::vec::Vec::push"]),
    ("own_join", ["demo_core::homonyms::Joiner::join"]),
    ("maybe", ["core::option::Option::map"]),
    ("left::make", ["demo_core::homonyms::left::Thing"]),
    ("right::make", ["demo_core::homonyms::right::Thing"]),
    ("measure_dyn", ["demo_core::shape::Named::name"]),
    ("Square::new", ["demo_core::shape::Square"]),
])
def test_callees(demo, item, expected):
    assert demo.paths("callees", item) == expected


def test_sites_name_the_place(demo):
    row, = demo.rows("callers", "Joiner::join")
    assert row["sites"] == [{"file": "engine/src/homonyms.rs", "line": 20, "col": 7, "via": "method"}]
    assert row["edge"] == "calls" and row["confidence"] == "exact"
    row, = (r for r in demo.rows("callers", "demo_core::leaf") if r["path"] == "demo_core::outer")
    assert [(s["line"], s["via"]) for s in row["sites"]] == [(25, "path")]


def test_a_fn_named_without_a_call_is_used(demo):
    rows = {(r["edge"], r["path"]) for r in demo.rows("uses", "maybe")}
    assert ("uses", "demo_core::shape::Square::new") in rows
    assert ("accepts", "core::option::Option") in rows and ("returns", "demo_core::shape::Square") in rows
    assert "demo_core::shape::maybe" not in demo.paths("callers", "Square::new")


def test_uses_and_used_by(demo):
    assert sorted((r["edge"], r["path"]) for r in demo.rows("uses", "tell")) == [
        ("accepts", "demo_core::shape::Square"), ("calls", "demo_core::shape::Shape::describe"), ("returns", "alloc::string::String")]
    assert sorted((r["edge"], r["path"]) for r in demo.rows("used-by", "Hidden")) == [
        ("instantiates", "app[bin:app]::main"), ("instantiates", "demo_core::inner::deep::tests::reveals"), ("reexports", "demo_core"),
        ("uses", "app[bin:app]"), ("uses", "impl demo_core::inner::deep::Hidden")]


def test_re_exports_keep_the_defining_path(demo):
    assert demo.paths("where-defined", "Hidden") == ["demo_core::inner::deep::Hidden"]
    assert demo.paths("where-defined", "Square") == ["demo_core::shape::Square"]
    assert not [p for p in demo.local_paths() if p in ("demo_core::Hidden", "demo_core::Square", "demo_core::ShapeTrait")]


def test_macro_expansions_make_items(demo):
    one, = demo.nodes(path="demo_core::macros::made_one")
    two, = demo.nodes(path="demo_core::macros::made_two")
    assert (one["kind"], one["line"], two["line"]) == ("fn", 9, 10)
    assert one["file"] == "engine/src/macros.rs"


def test_nested_fns_are_items_of_their_own(demo):
    nested, = demo.nodes(name="nested")
    assert (nested["path"], nested["kind"]) == ("demo_core::outer::nested", "fn")


def test_cfg_twins_are_two_items(demo):
    twins = demo.rows("where-defined", "platform")
    assert sorted(t["cfg"] for t in twins) == ["unix", "windows"]
    assert len({n["id"] for n in demo.nodes(name="platform")}) == 2
    assert [t["cfg"] for t in demo.rows("where-defined", "platform", "--cfg", "host")] == ["unix"]
    assert [t["cfg"] for t in demo.rows("where-defined", "platform", "--cfg", "windows")] == ["windows"]


def test_cfg_twins_call_their_like(demo):
    callers = {r["path"]: r["cfg"] for name in ("unix_only", "windows_only") for r in demo.rows("callers", name)}
    assert callers == {"demo_core::cfgs::platform": "windows"}
    row, = demo.rows("callers", "unix_only")
    assert row["cfg"] == "unix"


def test_cfg_features(demo):
    host = {r["path"] for r in demo.rows("list", "--limit", 0, "--cfg", "host")}
    assert "demo_core::cfgs::fast" in host and "demo_core::cfgs::slow" not in host
    slow = {r["path"] for r in demo.rows("list", "--limit", 0, "--cfg", "feature=slow")}
    assert "demo_core::cfgs::slow" in slow and "demo_core::cfgs::fast" not in slow
    assert "demo_core::inner::deep::tests" not in host


def test_external_items_have_their_defining_path(demo):
    external = {n["path"]: n["kind"] for n in demo.nodes(external=True)}
    for path, kind in {"core::option::Option": "enum", "alloc::string::String": "struct", "alloc::vec::Vec": "struct", "std::path::Path": "struct",
                       "std::path::PathBuf": "struct", "core::fmt::Display": "trait", "core::fmt::Formatter": "struct"}.items():
        assert external.get(path) == kind, path


def test_overrides(demo):
    overrides = demo.edges("overrides")
    assert ("<demo_core::shape::Square as demo_core::shape::Shape>::area", "overrides", "demo_core::shape::Shape::area") in overrides
    assert ("<demo_core::shape::Circle as demo_core::shape::Shape>::describe", "overrides", "demo_core::shape::Shape::describe") in overrides
    assert ("<demo_core::shape::Square as core::fmt::Display>::fmt", "overrides", "core::fmt::Display::fmt") in overrides


def test_blast_radius(demo):
    answer = demo.ask("blast-radius", "demo_core::leaf")
    assert {(r["path"], r["depth"]) for r in answer["results"]} == {
        ("demo_core::outer", 1), ("demo_core::outer::nested", 1), ("demo_core::inner::deep::Hidden::reveal", 2),
        ("app[bin:app]::report::render", 2), ("app[bin:app]::main", 3), ("demo_core::inner::deep::tests::reveals", 3)}
    assert answer["results"][-1]["test"] and not any(r.get("test") for r in answer["results"][:-1])
    summary = answer["summary"]
    assert (summary["affected"], summary["tests"], summary["depth"], summary["risk"]) == (5, 1, 3, "low")
    assert sum(m["count"] for m in summary["modules"]) == 6
    why = {r["path"]: r["why"] for r in answer["results"]}
    assert why["app[bin:app]::main"][0] == "app[bin:app]::main" and why["app[bin:app]::main"][-1] == "demo_core::leaf"
    edges = {(a, b) for a, _, b in demo.edges()}
    for row in answer["results"]:
        assert len(row["why"]) == row["depth"] + 1
        assert all(step in edges for step in zip(row["why"], row["why"][1:]))


def test_blast_radius_depth_and_limit(demo):
    assert {r["depth"] for r in demo.rows("blast-radius", "demo_core::leaf", "--depth", 1)} == {1}
    answer = demo.ask("blast-radius", "demo_core::leaf", "--limit", 2)
    assert answer["truncated"] and answer["total"] == 6 and len(answer["results"]) == 2
    assert answer["summary"]["affected"] == 5


def test_blast_radius_goes_on_from_an_impl_to_callers_of_the_own_trait(demo):
    reached = demo.paths("blast-radius", "<Square as Shape>::area")
    assert "demo_core::shape::measure" in reached and "demo_core::total" in reached
    of_display = demo.paths("blast-radius", "<Square as Display>::fmt")
    assert of_display == []


def test_path(demo):
    steps = demo.rows("path", "app[bin:app]::main", "demo_core::leaf")
    assert [(s["from"], s["to"], s["kind"]) for s in steps] == [
        ("app[bin:app]::main", "app[bin:app]::report::render", "calls"), ("app[bin:app]::report::render", "demo_core::outer", "calls"),
        ("demo_core::outer", "demo_core::leaf", "calls")]
    assert demo.rows("path", "demo_core::leaf", "app[bin:app]::main") == []


def test_unused(demo):
    assert demo.paths("unused") == ["demo_core::inner::deep::Derived", "demo_core::inner::deep::Forgotten", "demo_core::inner::deep::forgotten"]


def test_search(demo):
    rows = demo.rows("search", "squ")
    assert [r["path"] for r in rows] == ["demo_core::shape::Square", "demo_core::shape::measure_square"]
    assert demo.rows("search", "Square")[0]["score"] == 1000
    assert demo.rows("search", "sqaure")[0]["path"] == "demo_core::shape::Square"
    assert demo.rows("search", "qqqqq") == []
    assert {r["kind"] for r in demo.rows("search", "a", "--kind", "trait")} <= {"trait"}


def test_list_pages_add_up(demo):
    every = [(r["path"], r.get("line"), r.get("cfg")) for r in demo.rows("list", "--limit", 0)]
    pages, cursor = [], []
    while True:
        answer = demo.ask("list", "--limit", 7, *cursor)
        pages += [(r["path"], r.get("line"), r.get("cfg")) for r in answer["results"]]
        assert len(pages) <= len(every)
        if not answer["cursor"]:
            break
        cursor = ["--cursor", answer["cursor"]]
    assert pages == every
    assert len(every) == len(demo.nodes(external=False))


def test_list_by_kind(demo):
    assert sorted(r["path"] for r in demo.rows("list", "--kind", "trait")) == ["demo_core::shape::Named", "demo_core::shape::Shape"]
    assert sorted(r["path"] for r in demo.rows("list", "--kind", "crate")) == ["app[bin:app]", "app[test:whole]", "demo_core"]


def test_entities_in(demo):
    rows = demo.rows("entities-in", "engine/src/convert.rs")
    assert {r["file"] for r in rows} == {"engine/src/convert.rs"}
    assert {"demo_core::convert::Length", "demo_core::convert::Length::value", "demo_core::convert::measure"} <= {r["path"] for r in rows}
    assert demo.rows("entities-in", "convert.rs") == rows
    assert demo.rows("entities-in", "./engine/src/convert.rs") == rows
    assert demo.rows("entities-in", str(demo.folder / "engine/src/convert.rs")) == rows
    demo.ask("entities-in", "absent.rs", code=3)


def test_documentation_and_signatures(demo):
    row, = demo.rows("where-defined", "demo_core::total")
    assert row["doc"] == "Adds up the areas." and row["signature"] == "pub fn total(shapes: &[Box<dyn shape::Shape>]) -> f64"
    assert (row["line"], row["end_line"], row["visibility"]) == (13, 19, "pub")


def test_tests_are_marked(demo):
    tests = {n["path"] for n in demo.nodes(test=True)}
    assert {"app[test:whole]", "app[test:whole]::whole", "demo_core::inner::deep::tests", "demo_core::inner::deep::tests::reveals"} <= tests
    assert "demo_core::inner::deep::Hidden" not in tests
