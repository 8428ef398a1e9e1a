"""The command line's contract: every command answers, exit codes, what a name may be."""
import json
import shutil
import subprocess

import pytest
from conftest import BIN, DEMO, Workspace, package, valid

EVERY = [("who-implements", "Shape"), ("what-implements", "Shape"), ("traits-of", "Square"), ("callers", "Shape::area"), ("callees", "measure_dyn"),
         ("uses", "tell"), ("used-by", "Square"), ("blast-radius", "Square"), ("path", "app[bin:app]::main", "demo_core::leaf"), ("explain", "measure_dyn", "Shape::area"),
         ("explain", "shape.rs:20"), ("find-cycles",), ("neighbourhood", "Square"), ("neighbourhood", "Square", "--depth", "3"), ("modules",), ("search", "a"), ("list",), ("entities-in", "shape.rs"), ("where-defined", "Thing"), ("overview",), ("unused",), ("stats",), ("doctor",)]
MODES = [(), ("--candidates",), ("--cfg", "host"), ("--limit", "1"), ("--limit", "0"), ("--stale-ok",)]


@pytest.mark.parametrize("command", EVERY, ids=lambda c: c[0])
def test_every_answer_fits_its_schema(demo, command):
    for mode in MODES:
        answer = demo.ask(*command, *mode)
        assert answer["complete"] and answer["stale"] == []
        if mode == ("--limit", "1") and command[0] not in ("stats", "doctor"):
            assert len(answer["results"]) <= 1


@pytest.mark.parametrize("command", EVERY, ids=lambda c: c[0])
def test_every_answer_for_people(demo, command):
    done = demo.run(*command)
    assert done.returncode == 0 and done.stdout and b"\033[" not in done.stdout
    assert b"\033[" in demo.run(*command, "--color", "always").stdout or command[0] in ("stats", "doctor", "find-cycles", "path", "overview", "explain")


def test_answers_for_people_show_no_hashes(demo):
    ids = {n["id"] for n in demo.nodes()}
    text = demo.run("list", "--limit", 0).stdout.decode() + demo.run("blast-radius", "Square").stdout.decode()
    assert not any(i in text or i[:16] in text for i in ids)


def test_help_and_version(tmp_path):
    here = Workspace(tmp_path / "empty")
    done = here.run("--help")
    assert done.returncode == 0
    for command in EVERY:
        if command[0] != "what-implements":
            assert command[0].encode() in done.stdout
    assert here.run("--version").stdout.startswith(b"parseltongue ")
    assert here.run().returncode == 2


@pytest.mark.parametrize("arguments", [("nonsense",), ("callers",), ("callers", "a", "b"), ("path", "a"), ("callers", "a", "--bogus"), ("list", "--limit"),
                                       ("list", "--limit", "many"), ("list", "--limit", "-1"), ("list", "--json=1"), ("export", "x"), ("list", "x")])
def test_wrong_usage_exits_2(demo, arguments):
    done = demo.run(*arguments)
    assert done.returncode == 2 and done.stderr and not done.stdout


@pytest.mark.parametrize("arguments", [("export", "--format", "pdf"), ("find-cycles", "--level", "galaxy"), ("list", "--kind", "thing"),
                                       ("search", "x", "--kind", "thing"), ("callers", "Square::new", "--engine", "quantum"), ("list", "--kind", "use")])
def test_wrong_values_exit_2(demo, arguments):
    done = demo.run(*arguments, "--json")
    assert done.returncode == 2, done.stdout
    assert json.loads(done.stdout)["error"]


def test_unknown_item_suggests_and_exits_3(demo):
    answer = demo.ask("callers", "Sqare", code=3)
    assert "demo_core::shape::Square" in [s["path"] for s in answer["suggestions"]]
    done = demo.run("callers", "Sqare")
    assert done.returncode == 3 and b"Square" in done.stderr and not done.stdout
    assert demo.ask("callers", "zzzzzzzz", code=3)["suggestions"] == []


def test_ambiguous_item_lists_candidates_and_exits_3(demo):
    answer = demo.ask("callers", "area", code=3)
    assert [c["path"] for c in answer["candidates"]][0] == "demo_core::shape::Shape::area"
    assert len(answer["candidates"]) == 4 and answer["results"] == []
    done = demo.run("callers", "area")
    assert done.returncode == 3 and b"ambiguous" in done.stderr and b"shape.rs:" in done.stderr
    every = demo.paths("callers", "area", "--all")
    assert set(every) >= set(demo.paths("callers", "Shape::area")) | set(demo.paths("callers", "<Square as Shape>::area"))


def test_at_most_ten_candidates(workspace):
    text = "".join(f"pub mod m{i} {{ pub fn same() {{}} }}\n" for i in range(15)) + "pub fn f() { m7::same(); }\n"
    made = workspace({"Cargo.toml": package("demo"), "src/lib.rs": text})
    answer = made.ask("callers", "same", code=3)
    assert len(answer["candidates"]) == 10 and answer["candidates"][0]["path"] == "demo::m7::same"


def test_an_empty_result_is_success(demo):
    for command in (("callers", "Joiner::push"), ("callees", "forgotten"), ("who-implements", "From<Circle>"), ("blast-radius", "forgotten"), ("path", "forgotten", "from_c")):
        assert demo.rows(*command) == []
        assert demo.run(*command).returncode == 0


@pytest.mark.parametrize("name", ["demo_core::shape::Square::new", "shape::Square::new", "Square::new", "engine/src/shape.rs:26", "engine/src/shape.rs:26:9",
                                  "shape.rs:26", "./engine/src/shape.rs:25"])
def test_ways_to_name_a_method(demo, name):
    assert demo.paths("callers", name) == ["app[bin:app]::main", "demo_core::shape::Square::unit"]


@pytest.mark.parametrize("name", ["<demo_core::shape::Square as demo_core::shape::Shape>::area", "<Square as Shape>::area", "<shape::Square as Shape>::area",
                                  "Square::area", "shape.rs:41"])
def test_ways_to_name_a_member_of_a_trait_impl(demo, name):
    assert "demo_core::shape::measure_square" in demo.paths("callers", name)


def test_a_place_names_the_innermost_item(demo):
    assert demo.rows("callees", "lib.rs:23", )[0]["path"] == "demo_core::leaf"
    assert demo.paths("callers", "engine/src/lib.rs:23") == ["demo_core::outer"]
    demo.ask("callers", "engine/src/lib.rs:4000", code=3)


def test_a_suffix_does_not_cut_names(demo):
    demo.ask("callers", "oiner::join", code=3)
    demo.ask("where-defined", "quare", code=3)


def test_no_store_is_unreadable_input(tmp_path):
    made = Workspace(tmp_path / "w", {"Cargo.toml": package("demo"), "src/lib.rs": ""})
    done = made.run("stats")
    assert done.returncode == 4 and b"parseltongue index" in done.stderr
    valid(json.loads(made.run("stats", "--json").stdout), "error")


def test_no_folder_is_unreadable_input(tmp_path):
    made = Workspace(tmp_path / "w")
    assert made.run("index", "absent").returncode == 4
    assert made.run("index", "--workspace", "absent").returncode == 4


def test_the_workspace_is_found_from_below(demo):
    (demo.folder / "notes").mkdir(exist_ok=True)
    done = demo.run("callers", "Joiner::join", "--json", cwd=demo.folder / "notes")
    assert done.returncode == 0 and len(json.loads(done.stdout)["results"]) == 1
    done = demo.run("callers", "Joiner::join", "--json", "--workspace", demo.folder, cwd="/")
    assert done.returncode == 0


def test_a_store_elsewhere(demo_copy, tmp_path):
    made = demo_copy()
    uri = f"sqlite:{tmp_path}/elsewhere.db"
    report = made.index("--store", uri)
    assert report["store"] == uri and not (made.folder / ".parseltongue").exists()
    assert made.rows("callers", "Joiner::join", "--store", uri)
    assert made.run("stats", "--store", "magnetic:tape").returncode == 2


def test_the_store_folder_ignores_itself(demo):
    assert (demo.folder / ".parseltongue/.gitignore").read_text() == "*\n"


def test_options_may_be_joined_and_ended(demo):
    assert len(demo.rows("list", "--limit=3")) == 3
    assert demo.run("callers", "--json", "--", "-x").returncode == 3


def test_results_hold_no_machine_state(demo):
    for command in EVERY:
        assert str(demo.folder) not in json.dumps(demo.ask(*command)["results"])


def test_without_std_interface(demo_copy, tmp_path):
    bare = tmp_path / "bin"
    bare.mkdir()
    shutil.copy(BIN, bare / "parseltongue")
    made = demo_copy()
    done = subprocess.run([bare / "parseltongue", "index"], cwd=made.folder, capture_output=True, timeout=60)
    assert done.returncode == 0 and b"std interface" in done.stderr
    assert made.paths("callers", "Joiner::join") == ["demo_core::homonyms::own_join"]
    assert "demo_core::homonyms::std_push" not in made.paths("callers", "Joiner::push")


def test_demo_is_what_the_tests_say():
    assert sorted(p.name for p in DEMO.iterdir()) == ["Cargo.toml", "app", "engine"]
