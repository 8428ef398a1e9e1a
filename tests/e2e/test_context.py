"""`context` and `explore`: what is in them, in which order, and that nothing exceeds the budget."""
import json
import re

import bpe_openai
import pytest

from conftest import valid

VOCABULARIES = [bpe_openai.get_encoding(name) for name in ("o200k_base", "cl100k_base")]
FORMATS = ["text", "markdown", "json", "compact"]

LIB = """//! A crate about parcels.
pub mod post;
use post::{Carrier, Parcel};

/// Sends one.
pub fn send(parcel: &Parcel, by: &impl Carrier) -> bool {
    by.carry(parcel) && weigh(parcel) > 0
}

fn weigh(parcel: &Parcel) -> u32 {
    parcel.weight
}

pub fn send_all(parcels: &[Parcel], by: &impl Carrier) -> usize {
    parcels.iter().filter(|p| send(p, by)).count()
}

pub fn morning(by: &impl Carrier) {
    send_all(&[], by);
}

pub fn unrelated() {}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn sends() {
        assert!(send(&Parcel::new(3), &post::Van));
    }
}
"""
POST = """/// What is sent.
pub struct Parcel {
    pub weight: u32,
}

impl Parcel {
    pub fn new(weight: u32) -> Self {
        Parcel { weight }
    }
}

/// Who carries parcels.
pub trait Carrier {
    fn carry(&self, parcel: &Parcel) -> bool;
}

pub struct Van;

impl Carrier for Van {
    fn carry(&self, parcel: &Parcel) -> bool {
        parcel.weight < 100
    }
}
"""


@pytest.fixture
def parcels(crate):
    return crate(LIB, src__post=POST)


def tokens(text):
    return max(len(v.encode(text)) for v in VOCABULARIES)


def related(answer):
    return {r["path"].removeprefix("demo::"): r["relation"] for r in answer["results"]}


def test_what_surrounds_a_function(parcels):
    answer = parcels.ask("context", "send")
    told = related(answer)
    # Carrier::carry, which it calls, stands in the text of Carrier
    assert told | {
        "send": "target", "send_all": "callers", "post::Parcel": "types it speaks of", "post::Carrier": "types it speaks of",
        "weigh": "calls", "morning": "two steps away", "post::Van": "two steps away",
        "<demo::post::Van as demo::post::Carrier>::carry": "two steps away", "tests::sends": "tests",
        "unrelated": "beside it"} == told
    assert "post::Carrier::carry" not in told
    first = answer["results"][0]
    assert first["source"] == "".join(LIB.splitlines(True)[5:8])
    assert first["doc"] == "Sends one." and (first["line"], first["end_line"]) == (6, 8)
    assert answer["results"][1]["relation"] == "callers"
    through = {r["path"]: r["through"] for r in answer["results"] if "through" in r}
    assert through["demo::morning"] == "demo::send_all"


def test_what_surrounds_a_type_and_a_trait(parcels):
    of_type, of_trait = related(parcels.ask("context", "Parcel")), related(parcels.ask("context", "Carrier"))
    assert of_type["post::Parcel::new"] in ("members", "callers") and of_type["send"] == "used by"
    assert of_trait["post::Van"] == "implemented by" and of_trait["send"] == "used by"


def test_several_items(parcels):
    answer = parcels.ask("context", "send", "Van")
    assert [r["path"] for r in answer["results"][:2]] == ["demo::send", "demo::post::Van"]
    assert answer["target"] == "send\nVan"
    assert len({(r["path"], r.get("line")) for r in answer["results"]}) == len(answer["results"])


def test_levels(parcels):
    menu, signatures, bodies = (parcels.ask("context", "send", "--level", level)["results"] for level in ("menu", "signatures", "bodies"))
    assert not any("signature" in r or "source" in r for r in menu)
    assert any("signature" in r for r in signatures) and not any("source" in r for r in signatures)
    assert bodies[0]["source"] and "signature" not in bodies[0]
    assert parcels.run("context", "send", "--level", "everything").returncode == 2


@pytest.mark.parametrize("form", FORMATS)
def test_no_answer_exceeds_its_budget(demo, form):
    items = [n["path"] for n in demo.nodes(external=False) if n["kind"] in ("struct", "trait", "method", "fn")][::5]
    assert len(items) > 10
    for budget in (100, 150, 250, 600, 1500, 4000):
        for item in items if budget in (150, 600) else items[:6]:
            for command in ("context", "explore"):
                done = demo.run(command, item, "--budget", budget, "--format", form)
                if done.returncode == 2:  # a head that does not fit
                    assert budget <= 250 and b"too little" in done.stdout + done.stderr
                    continue
                assert done.returncode in (0, 3), done.stderr
                assert tokens(done.stdout.decode()) <= budget, (item, done.stdout.decode())


def test_more_budget_tells_more(demo):
    counts = [len(demo.ask("context", "Shape", "--budget", b)["results"]) for b in (200, 600, 2000, 8000)]
    assert counts == sorted(counts) and counts[0] < counts[-1]


def test_same_bytes_each_time_and_no_nulls(demo):
    for form in FORMATS:
        first, again = (demo.run("context", "Shape", "--format", form).stdout for _ in range(2))
        assert first == again and first
    assert "null" not in demo.run("context", "Shape", "--json").stdout.decode()


def test_no_text_is_told_twice(demo):
    for node in demo.nodes(external=False):
        if node["kind"] not in ("impl", "trait", "struct", "enum", "fn", "method"):
            continue
        place = f"{node['file']}:{node['line']}:{node['col']}"
        rows = demo.ask("context", place)["results"]
        whole = [(r["file"], r["line"], r["end_line"]) for r in rows if "source" in r and "source_to" not in r]
        for r in rows:
            inside = [w for w in whole if r.get("file") == w[0] and w[1] <= r["line"] <= w[2]]
            # of an item that is told with its text only itself stands there; what was asked for may lie in another
            assert len(inside) <= 1 or r["relation"] == "target", (place, r, inside)


def test_text_is_that_of_the_file_or_not_there(parcels):
    path = parcels.folder / "src/post.rs"
    path.write_text(POST.replace("parcel.weight < 100", "parcel.weight < 200"))
    answer = parcels.ask("context", "Van", "--stale-ok")
    assert answer["changed"] == ["src/post.rs"]
    assert not any("source" in r for r in answer["results"] if r.get("file") == "src/post.rs")
    assert b"changed since, not quoted: src/post.rs" in parcels.run("context", "Van", "--stale-ok").stdout
    assert parcels.ask("context", "Van")["stale"] == ["src/post.rs"]
    parcels.index()
    assert "< 200" in json.dumps(parcels.ask("context", "Van"))


def test_a_long_text_is_cut_and_says_so(crate):
    body = "".join(f"    let value_{i} = other({i});\n" for i in range(400))
    demo = crate(f"fn other(x: u32) -> u32 {{ x }}\npub fn long() {{\n{body}}}\n")
    answer = demo.ask("context", "long", "--budget", "800")
    first = answer["results"][0]
    assert first["source_to"] == first["line"] + first["source"].count("\n") - 1 < first["end_line"]
    assert b"cut; it goes on to line 403" in demo.run("context", "long", "--budget", "800").stdout
    assert "other" in related(answer)


def test_text_form(parcels):
    text = parcels.run("context", "send").stdout.decode()
    head, rest = text.split("\n", 1)
    assert re.fullmatch(r"context send, \d+ of 4000 tokens, generation 1", head)
    assert "src/lib.rs:6-8 demo::send\n/// Sends one.\n6 pub fn send(parcel: &Parcel, by: &impl Carrier) -> bool {\n" in rest
    assert "\ncallers:\nsrc/lib.rs:14-16 send_all\n14 pub fn send_all" in rest.replace("demo::", "")


def test_unknown_and_ambiguous_items(demo):
    assert demo.ask("context", "no_such_item_at_all", code=3)["error"].startswith("no such item")
    assert demo.ask("context", "new", code=3)["candidates"]


@pytest.mark.parametrize("question, chosen, about", [
    ("who implements Carrier?", "who-implements", "demo::post::Carrier"),
    ("what implements `Carrier`", "who-implements", "demo::post::Carrier"),
    ("which traits does Van implement", "traits-of", "demo::post::Van"),
    ("who calls send", "callers", "demo::send"),
    ("what does send_all call", "callees", "demo::send_all"),
    ("what breaks if I change weigh?", "blast-radius", "demo::weigh"),
    ("where is Parcel defined", "where-defined", "demo::post::Parcel"),
    ("who uses Parcel", "used-by", "demo::post::Parcel"),
    ("path from morning to weigh", "path", "demo::morning"),
    ("are there cycles", "find-cycles", None),
    ("unused code", "unused", None),
    ("overview", "overview", None),
    ("Parcel::new", "context", "demo::post::Parcel::new"),
    ("src/post.rs:20", "context", "<demo::post::Van as demo::post::Carrier>::carry"),
    ("how does a van carry things", "context", None),
    ("send_all", "context", "demo::send_all"),
])
def test_questions_in_plain_words(parcels, question, chosen, about):
    answer = parcels.ask("explore", question)
    assert answer["chosen"] == chosen
    if about:
        assert answer["about"].split("\n")[0] == about
    assert answer["tokens"] <= 4000
    if chosen not in ("find-cycles", "unused"):
        assert answer["results"]


def test_plain_words_find_what_most_of_them_name(parcels):
    assert "carry" in parcels.ask("explore", "how does a van carry things")["about"]


def test_a_question_about_nothing_here(parcels):
    answer = parcels.ask("explore", "frobnicate the blorp", code=3)
    assert "nothing in this code base" in answer["error"]


def test_explore_rows_are_those_of_the_command(parcels):
    for question, command, item in (("who calls send", "callers", "send"), ("who implements Carrier", "who-implements", "Carrier")):
        explored = parcels.ask("explore", question)["results"]
        assert sorted(map(json.dumps, explored)) == sorted(map(json.dumps, parcels.rows(command, item)))


@pytest.mark.parametrize("command, argument", [("context", "send"), ("explore", "who implements Carrier"), ("explore", "cycles")])
def test_compact_form(parcels, command, argument):
    done = parcels.run(command, argument, "--format", "compact")
    valid(json.loads(done.stdout), "compact")
