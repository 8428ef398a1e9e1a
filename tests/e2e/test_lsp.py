"""`lsp`, driven by a client library: symbols, definitions, references, hierarchies, lenses, and text that is not saved."""
import asyncio
import json
import os
import subprocess

import pytest
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

from conftest import BIN, Workspace, package

LIB = """pub mod shapes;
use shapes::{Circle, Shape};

pub fn total(list: &[Circle]) -> u32 {
    list.iter().map(|c| c.area()).sum()
}

pub fn twice() -> u32 {
    let é = "😀"; total(&[]) + total(&[]) + é.len() as u32
}
"""
SHAPES = """pub trait Shape {
    fn area(&self) -> u32;
}

#[derive(Clone)]
pub struct Circle {
    pub radius: u32,
}

impl Shape for Circle {
    fn area(&self) -> u32 {
        self.radius * 3
    }
}
"""


@pytest.fixture
def place(tmp_path):
    w = Workspace(tmp_path / "workspace", {"Cargo.toml": package("demo"), "src/lib.rs": LIB, "src/shapes.rs": SHAPES})
    w.index()
    return w


def session(w, work, encoding="utf-32", *options):
    async def run():
        client = LanguageClient("test", "1")
        await client.start_io(BIN, "lsp", "--no-daemon", *options, cwd=str(w.folder))
        capabilities = lsp.ClientCapabilities(general=lsp.GeneralClientCapabilities(position_encodings=[lsp.PositionEncodingKind(encoding)]))
        started = await client.initialize_async(lsp.InitializeParams(capabilities=capabilities, process_id=os.getpid(), root_uri=w.folder.as_uri()))
        client.initialized(lsp.InitializedParams())
        try:
            return await work(client, started)
        finally:
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()
    return asyncio.run(asyncio.wait_for(run(), 60))


def uri(w, name):
    return (w.folder / name).as_uri()


def at(w, name, line, word, *, occurrence=0, text=None, utf16=False):
    """The position of a word in a line (from 1)."""
    shown = (text or (w.folder / name).read_text()).splitlines()[line - 1]
    column = -1
    for _ in range(occurrence + 1):
        column = shown.index(word, column + 1)
    units = len(shown[:column].encode("utf-16-le")) // 2 if utf16 else column
    return {"text_document": lsp.TextDocumentIdentifier(uri(w, name)), "position": lsp.Position(line - 1, units)}


def told(w, locations, utf16=False):
    """Locations as (file, line from 1, the text they span)."""
    found = []
    for x in locations or []:
        path = x.uri.removeprefix(w.folder.as_uri() + "/")
        line = (w.folder / path).read_text().splitlines()[x.range.start.line]
        if utf16:
            raw = line.encode("utf-16-le")
            span = raw[x.range.start.character * 2:x.range.end.character * 2].decode("utf-16-le")
        else:
            span = line[x.range.start.character:x.range.end.character]
        found.append((path, x.range.start.line + 1, span))
    return found


def test_capabilities(place):
    async def work(c, started):
        assert started.server_info.name == "parseltongue" and started.capabilities.position_encoding == "utf-32"
        assert started.capabilities.call_hierarchy_provider and started.capabilities.code_lens_provider.resolve_provider
    session(place, work)


@pytest.mark.parametrize("name, line, word, expected", [
    ("src/lib.rs", 5, "area", [("src/shapes.rs", 11, "area")]),
    ("src/lib.rs", 4, "Circle", [("src/shapes.rs", 6, "Circle")]),
    ("src/lib.rs", 9, "total", [("src/lib.rs", 4, "total")]),
    ("src/lib.rs", 4, "total", [("src/lib.rs", 4, "total")]),
    ("src/lib.rs", 2, "Shape", [("src/shapes.rs", 1, "Shape")]),
    ("src/shapes.rs", 12, "radius", [("src/shapes.rs", 7, "radius")]),
    ("src/lib.rs", 5, "sum", []),
    ("src/lib.rs", 7, "", []),
])
def test_definition(place, name, line, word, expected):
    async def work(c, _):
        place_of = at(place, name, line, word)
        return told(place, await c.text_document_definition_async(lsp.DefinitionParams(**place_of)))
    assert session(place, work) == expected


@pytest.mark.parametrize("encoding", ["utf-32", "utf-16"])
def test_columns_behind_other_scripts(place, encoding):
    async def work(c, started):
        assert started.capabilities.position_encoding == encoding
        found = await c.text_document_definition_async(lsp.DefinitionParams(**at(place, "src/lib.rs", 9, "total", utf16=encoding == "utf-16")))
        where = await c.text_document_references_async(lsp.ReferenceParams(**at(place, "src/lib.rs", 4, "total"), context=lsp.ReferenceContext(False)))
        return told(place, found), told(place, where, encoding == "utf-16")
    assert session(place, work, encoding) == ([("src/lib.rs", 4, "total")], [("src/lib.rs", 9, "total")] * 2)


def test_references_and_implementations(place):
    async def work(c, _):
        where = await c.text_document_references_async(lsp.ReferenceParams(**at(place, "src/shapes.rs", 6, "Circle"), context=lsp.ReferenceContext(True)))
        impls = await c.text_document_implementation_async(lsp.ImplementationParams(**at(place, "src/shapes.rs", 1, "Shape")))
        members = await c.text_document_implementation_async(lsp.ImplementationParams(**at(place, "src/shapes.rs", 2, "area")))
        return told(place, where), told(place, impls), told(place, members)
    where, impls, members = session(place, work)
    assert {("src/lib.rs", 2, "Circle"), ("src/lib.rs", 4, "Circle"), ("src/shapes.rs", 10, "Circle"), ("src/shapes.rs", 6, "Circle")} <= set(where)
    assert [(f, n) for f, n, _ in impls] == [("src/shapes.rs", 10)] and members == [("src/shapes.rs", 11, "area")]


def test_symbols(place):
    async def work(c, _):
        found = await c.workspace_symbol_async(lsp.WorkspaceSymbolParams("circ"))
        inside = await c.text_document_document_symbol_async(lsp.DocumentSymbolParams(lsp.TextDocumentIdentifier(uri(place, "src/shapes.rs"))))
        return found, inside
    found, inside = session(place, work)
    assert [(s.name, s.kind, s.container_name) for s in found][:1] == [("Circle", lsp.SymbolKind.Struct, "demo::shapes")]
    tree = {s.name: [x.name for x in s.children] for s in inside}
    assert tree == {"Shape": ["area"], "Circle": ["radius"], "impl Shape for Circle": ["area"]}
    lines = SHAPES.splitlines()
    for s in inside:
        r = s.selection_range
        assert lines[r.start.line][r.start.character:r.end.character] in (s.name, "impl")
        assert s.range.start.line <= r.start.line <= s.range.end.line


def test_call_hierarchy(place):
    async def work(c, _):
        item = (await c.text_document_prepare_call_hierarchy_async(lsp.CallHierarchyPrepareParams(**at(place, "src/lib.rs", 4, "total"))))[0]
        incoming = await c.call_hierarchy_incoming_calls_async(lsp.CallHierarchyIncomingCallsParams(item))
        outgoing = await c.call_hierarchy_outgoing_calls_async(lsp.CallHierarchyOutgoingCallsParams(item))
        return item, incoming, outgoing
    item, incoming, outgoing = session(place, work)
    assert item.name == "total" and item.detail == "demo::total"
    assert [(x.from_.name, len(x.from_ranges)) for x in incoming] == [("twice", 2)]
    assert [x.to.name for x in outgoing] == ["area"]


def test_type_hierarchy(place):
    async def work(c, _):
        trait = (await c.text_document_prepare_type_hierarchy_async(lsp.TypeHierarchyPrepareParams(**at(place, "src/shapes.rs", 1, "Shape"))))[0]
        below = await c.type_hierarchy_subtypes_async(lsp.TypeHierarchySubtypesParams(trait))
        above = await c.type_hierarchy_supertypes_async(lsp.TypeHierarchySupertypesParams(below[0]))
        return [x.name for x in below], [x.name for x in above]
    assert session(place, work) == (["Circle"], ["Shape"])


def test_lenses(place):
    async def work(c, _):
        lenses = await c.text_document_code_lens_async(lsp.CodeLensParams(lsp.TextDocumentIdentifier(uri(place, "src/lib.rs"))))
        return [(x.range.start.line + 1, (await c.code_lens_resolve_async(x)).command.title) for x in lenses]
    assert session(place, work) == [(4, "1 caller, blast radius 1"), (8, "0 callers, blast radius 0")]


def test_unsaved_text_lies_over_the_file(place):
    changed = LIB.replace("use shapes::{Circle, Shape};\n", "use shapes::{Circle, Shape};\n// one\n// two\npub fn fresh() {}\n")

    async def work(c, _):
        document = lsp.TextDocumentItem(uri(place, "src/lib.rs"), "rust", 1, LIB)
        c.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
        c.text_document_did_change(lsp.DidChangeTextDocumentParams(lsp.VersionedTextDocumentIdentifier(2, uri(place, "src/lib.rs")),
                                                                   [lsp.TextDocumentContentChangeWholeDocument(changed)]))
        below = await c.text_document_definition_async(lsp.DefinitionParams(**at(place, "src/lib.rs", 12, "total", text=changed)))
        inside = await c.text_document_definition_async(lsp.DefinitionParams(**at(place, "src/lib.rs", 5, "fresh", text=changed)))
        lenses = await c.text_document_code_lens_async(lsp.CodeLensParams(lsp.TextDocumentIdentifier(uri(place, "src/lib.rs"))))
        c.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri(place, "src/lib.rs"))))
        closed = await c.text_document_definition_async(lsp.DefinitionParams(**at(place, "src/lib.rs", 9, "total")))
        return [x.range.start.line + 1 for x in below], inside, [x.range.start.line + 1 for x in lenses], told(place, closed)
    assert session(place, work) == ([7], [], [7, 11], [("src/lib.rs", 4, "total")])


def raw(w, *messages, options=("--no-daemon",)):
    text = b"".join(m if isinstance(m, bytes) else frame(m) for m in messages)
    done = subprocess.run([BIN, "lsp", *options], cwd=w.folder, input=text, capture_output=True, timeout=60)
    replies, out = [], done.stdout
    while out:
        head, out = out.split(b"\r\n\r\n", 1)
        length = int(head.split(b":")[1])
        replies.append(json.loads(out[:length]))
        out = out[length:]
    return done.returncode, replies


def frame(message):
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\nContent-Type: x\r\n\r\n" % len(body) + body


def request(method, number=1, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


HELLO = request("initialize", 0, capabilities={})


def test_the_ends_of_a_session(place):
    code, replies = raw(place, HELLO, request("shutdown"), {"jsonrpc": "2.0", "method": "exit"})
    assert code == 0 and [r["id"] for r in replies] == [0, 1] and replies[1]["result"] is None
    assert raw(place, HELLO, {"jsonrpc": "2.0", "method": "exit"})[0] == 1
    assert raw(place, HELLO)[0] == 1  # the editor went


@pytest.mark.parametrize("message, code", [
    (request("textDocument/hover"), -32601), (request("nonsense"), -32601), (frame({"jsonrpc": "2.0", "id": 1.5, "method": "x"}), -32600),
    (b"Content-Length: 3\r\n\r\nabc", -32700), (frame({"jsonrpc": "2.0", "id": 1, "method": "workspace/symbol", "params": [1]}), -32602)])
def test_what_is_wrong_is_told_and_the_next_is_answered(place, message, code):
    _, replies = raw(place, HELLO, message, request("workspace/symbol", 7, query="Circle"))
    assert replies[1]["error"]["code"] == code and replies[2]["id"] == 7 and replies[2]["result"]


def test_before_and_after(place):
    assert raw(place, request("workspace/symbol", query="x"))[1][0]["error"]["code"] == -32002
    assert raw(place, HELLO, request("shutdown"), request("workspace/symbol", 2, query="x"))[1][2]["error"]["code"] == -32600


@pytest.mark.parametrize("text", [b"Content-Length: -1\r\n\r\n", b"Content-Length: 99999999999\r\n\r\n", b"Hello: 1\r\n\r\n", b"x" * 20000, b"Content-Length: x\r\n\r\n"])
def test_a_broken_frame_ends_it(place, text):
    assert raw(place, HELLO, text)[0] == 2


@pytest.mark.parametrize("where", [{}, {"textDocument": {"uri": "file:///etc/passwd"}, "position": {"line": 0, "character": 0}}, {"textDocument": {"uri": "http://x"}, "position": 5},
                                   {"textDocument": {"uri": "WORKSPACE/../../etc/passwd"}, "position": {"line": 0, "character": 0}},
                                   {"textDocument": {"uri": "WORKSPACE/src/lib.rs"}, "position": {"line": 999999, "character": 0}},
                                   {"textDocument": {"uri": "WORKSPACE/src/lib.rs"}, "position": {"line": -5, "character": -5}},
                                   {"textDocument": {"uri": "WORKSPACE/%zz%"}, "position": {"line": 0, "character": 0}}])
def test_places_that_are_none(place, where):
    where = json.loads(json.dumps(where).replace("WORKSPACE", place.folder.as_uri()))
    of_files = () if "src/lib.rs" in json.dumps(where) else ("textDocument/documentSymbol", "textDocument/codeLens")
    for method in ("textDocument/definition", "textDocument/references", "textDocument/implementation", "textDocument/prepareCallHierarchy", *of_files):
        assert raw(place, HELLO, request(method, **where))[1][1]["result"] == []


def test_through_the_daemon_a_save_is_seen(place, tmp_path, monkeypatch):
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setenv(name, str(tmp_path / name))
    try:
        assert raw(place, HELLO, request("workspace/symbol", query="newcomer"), options=())[1][1]["result"] == []
        place.write({"src/lib.rs": LIB + "pub fn newcomer() {}\n"})
        assert [s["name"] for s in raw(place, HELLO, request("workspace/symbol", query="newcomer"), options=())[1][1]["result"]] == ["newcomer"]
    finally:
        place.run("daemon", "stop")
