"""`check`: rules of a code base, and the places that break them."""
import json

import pytest

from conftest import valid

FILES = {
    "src__ui": "use crate::app;\npub fn draw() { app::run(); crate::core::store(1); }\n",
    "src__app": "use crate::core::store;\npub fn run() { store(1); helper(); }\nfn helper() {}\n#[cfg(test)]\nmod tests { #[test] fn t() { crate::ui::draw(); } }\n",
    "src__core": "pub fn store(x: u32) -> u32 { std::fs::remove_file(\"x\").unwrap(); crate::app::run(); x }\npub struct Node { next: Option<Box<Node>> }\n",
}


@pytest.fixture
def layered(crate):
    return crate("pub mod ui;\npub mod app;\npub mod core;\n", **FILES)


def check(w, rules, code=0, *options):
    (w.folder / "rules.toml").write_text(rules)
    done = w.run("check", "rules.toml", "--json", *options)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def broken(answer):
    return [(r["from"].removeprefix("demo::"), r.get("to", "").removeprefix("demo::"), r["file"], r["line"]) for r in answer["results"]]


@pytest.mark.parametrize("rules, places", [
    ('[[forbid]]\nfrom = "demo::ui"\nto = "demo::core"\n', [("ui::draw", "core::store", "src/ui.rs", 2)]),
    ('[[forbid]]\nfrom = ["demo::ui", "demo::app"]\nto = "demo::core"\n', [("app::run", "core::store", "src/app.rs", 2), ("ui::draw", "core::store", "src/ui.rs", 2)]),
    ('[[forbid]]\nfrom = ["demo::ui", "demo::app"]\nto = "demo::core"\nexcept = "demo::app::run"\n', [("ui::draw", "core::store", "src/ui.rs", 2)]),
    ('[[forbid]]\nfrom = "demo"\nto = "std::fs"\n', [("core::store", "std::fs::remove_file", "src/core.rs", 1)]),
    ('[[forbid]]\nfrom = "demo::app"\nto = "demo::ui"\n', []),
    ('[[forbid]]\nfrom = "demo::app"\nto = "demo::ui"\ntests = true\n', [("app::tests::t", "ui::draw", "src/app.rs", 5)]),
    ('[[layers]]\norder = ["demo::ui", "demo::app", "demo::core"]\n', [("core::store", "app::run", "src/core.rs", 1)]),
    ('[[layers]]\norder = ["demo::app", "demo::core"]\n', [("core::store", "app::run", "src/core.rs", 1)]),
    ('[[cycles]]\n', [("app", "", "src/lib.rs", 2)]),
    ('[[cycles]]\nmost = 1\n', []),
    ('[[cycles]]\nwithin = "demo::ui"\n', []),
    ('[[cycles]]\nlevel = "call"\n', [("app::run", "", "src/app.rs", 2)]),
    ('[[limit]]\nof = "callers"\nmost = 1\n', [("app::run", "", "src/app.rs", 2), ("core::store", "", "src/core.rs", 1)]),
    ('[[limit]]\nof = "callers"\nmost = 1\nwithin = "demo::core"\nkind = "fn"\n', [("core::store", "", "src/core.rs", 1)]),
    ('[[limit]]\nof = "members"\nkind = "module"\nmost = 2\n', [("app", "", "src/lib.rs", 2)]),
])
def test_rules(layered, rules, places):
    answer = check(layered, rules, 1 if places else 0)
    valid(answer, "check")
    assert sorted(broken(answer)) == sorted(places)
    assert answer["summary"] == {"rules": 1, "violations": len(places)}


def test_names_and_messages(layered):
    answer = check(layered, '[[forbid]]\nname = "no shortcuts"\nfrom = "demo::ui"\nto = "demo::core"\n[[layers]]\norder = ["demo::app", "demo::core"]\n', 1)
    assert [r["rule"] for r in answer["results"]] == ["no shortcuts", "layers, line 5"]
    assert answer["results"][0]["message"] == "demo::ui::draw calls demo::core::store"
    assert answer["results"][1]["message"].endswith("which stands above it")
    text = layered.run("check", "rules.toml")
    assert text.returncode == 1 and b"no shortcuts\n  src/ui.rs:2  demo::ui::draw calls" in text.stdout and b"2 rules, 2 broken places" in text.stdout


@pytest.mark.parametrize("rules, message", [
    ("", "none are there"), ("nonsense", "rules:1"), ("x = 1\n", "rules:1: there are"), ("[forbid]\nfrom = 'a'\n", "there are [[forbid]]"),
    ("[[forbid]]\nfrom = 'demo::ui'\n", "forbid wants `to`"), ("[[forbid]]\nfrom = 'demo::uu'\nto = 'demo'\n", "rules:2: demo::uu: no such item"),
    ("[[forbid]]\nfrom = 'demo::ui'\nto = 3\n", "rules:3: a name"), ("[[forbid]]\nfrom = 'demo::ui'\nto = 'demo::app'\ncolour = 1\n", "rules:4: forbid takes no `colour`"),
    ("[[layers]]\n", "layers wants `order`"), ("[[layers]]\norder = ['demo::nothing']\n", "no such item"), ("[[cycles]]\nlevel = 'galaxy'\n", "galaxy is none"),
    ("[[limit]]\nof = 'callers'\n", "limit wants `most`"), ("[[limit]]\nof = 'callers'\nmost = -1\n", "a whole number"), ("[[limit]]\nmost = 1\n", "wants `of`"),
    ("[[limit]]\nof = 'callers'\nmost = 1\nkind = 'gadget'\n", "no such kind")])
def test_wrong_rules_are_told_with_their_line(layered, rules, message):
    assert message in check(layered, rules, 2)["error"]


def test_files_that_are_none(layered):
    assert layered.run("check", "nothing.toml").returncode == 4
    assert layered.run("check").returncode == 2


def test_sarif(layered):
    (layered.folder / "rules.toml").write_text('[[forbid]]\nname = "no shortcuts"\nfrom = "demo::ui"\nto = "demo::core"\n')
    done = layered.run("check", "rules.toml", "--format", "sarif")
    assert done.returncode == 1
    run = json.loads(done.stdout)["runs"][0]
    assert run["tool"]["driver"]["rules"][0]["id"] == "no shortcuts"
    where = run["results"][0]["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == "src/ui.rs" and where["region"]["startLine"] == 2
    (layered.folder / "rules.toml").write_text('[[cycles]]\nmost = 9\n')
    done = layered.run("check", "rules.toml", "--format", "sarif")
    assert done.returncode == 0 and json.loads(done.stdout)["runs"][0]["results"] == []


def test_through_a_daemon_the_same(layered, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    (tmp_path / "r").mkdir(mode=0o700)
    rules = '[[layers]]\norder = ["demo::ui", "demo::app", "demo::core"]\n'
    alone = check(layered, rules, 1)
    assert layered.run("daemon", "start").returncode == 0
    try:
        asked = check(layered, rules, 1, "--wait", "10000")
        assert asked["results"] == alone["results"]
    finally:
        layered.run("daemon", "stop")
