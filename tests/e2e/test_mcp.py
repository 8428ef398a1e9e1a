"""MCP over standard input and output: the official client in both eras, and what no client would send."""
import asyncio
import json
import os
import shutil
import signal
import subprocess
import time

import bpe_openai
import pytest
from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.stdio import stdio_client

from conftest import BIN, DEMO, Workspace, package, valid

VOCABULARIES = [bpe_openai.get_encoding(name) for name in ("o200k_base", "cl100k_base")]
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Folders of a user of one's own, so that daemons are one's own too; they are stopped at the end."""
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setenv(name, str(tmp_path / name))
    made = []

    def workspace(files=None, indexed=True):
        folder = tmp_path / f"workspace{len(made)}"
        if files is None:
            shutil.copytree(DEMO, folder)
        made.append(Workspace(folder, files))
        if indexed:
            made[-1].index()
        return made[-1]
    yield workspace
    for w in made:
        if w.folder.exists():
            w.run("daemon", "stop")


def client(workspace, mode, *options):
    parameters = StdioServerParameters(command=BIN, args=["mcp", *options], cwd=str(workspace.folder), env=dict(os.environ))
    return Client(stdio_client(parameters), mode=mode)


def with_client(workspace, mode, work, *options):
    async def run():
        async with client(workspace, mode, *options) as c:
            return await work(c)
    return asyncio.run(asyncio.wait_for(run(), 60))


def tokens(text):
    return max(len(v.encode(text)) for v in VOCABULARIES)


@pytest.mark.parametrize("mode", ERAS)
def test_the_official_client(place, mode):
    async def work(c):
        assert c.protocol_version == ERAS[mode]
        tools = (await c.list_tools()).tools
        assert [t.name for t in tools] == ["explore", "context", "callers", "who_implements", "blast_radius", "find_cycles", "search", "diff_impact"]
        assert all(t.output_schema and t.annotations.read_only_hint for t in tools)
        found = await c.call_tool("who_implements", {"trait": "Shape"})
        assert not found.is_error and "impl Shape for" in found.content[0].text
        valid(found.structured_content, "compact")
        assert found.structured_content["results"]
        wrong = await c.call_tool("context", {"items": ["no_such_thing"]})
        assert wrong.is_error and "no such item" in wrong.content[0].text
        assert (await c.list_resources()).resources == [] and (await c.list_prompts()).prompts == []
        return tools
    with_client(place(), mode, work)


@pytest.mark.parametrize("mode", ERAS)
def test_every_tool_answers(place, mode):
    calls = [("explore", {"question": "who implements Shape"}), ("explore", {"question": "cycles"}), ("explore", {"question": "area"}),
             ("context", {"items": ["Shape"]}), ("context", {"items": ["Shape", "report"], "level": "menu"}),
             ("callers", {"item": "<Circle as Shape>::area"}), ("callers", {"item": "Circle", "direction": "used-by"}),
             ("blast_radius", {"item": "Shape", "depth": 2}), ("find_cycles", {"level": "call"}), ("search", {"pattern": "ar"})]

    async def work(c):
        for name, arguments in calls:
            for most in (150, 400, 4000):
                answer = await c.call_tool(name, arguments | {"max_tokens": most})
                text = answer.content[0].text
                assert tokens(text) <= most, (name, arguments, text)
                if answer.is_error:
                    assert "too few" in text or "too little" in text or "ambiguous" in text or "no such item" in text, text
                    continue
                assert tokens(json.dumps(answer.structured_content, separators=(",", ":"), ensure_ascii=False)) <= most
                valid(answer.structured_content, "compact")
    with_client(place(), mode, work)


def test_diff_impact(place):
    w = place({"Cargo.toml": package("demo"), "src/lib.rs": "pub fn a() {}\npub fn b() { a() }\n"})
    for arguments in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=w.folder, check=True)
    w.write({"src/lib.rs": "pub fn a(x: u8) {}\npub fn b() { a() }\n"})

    async def work(c):
        found = await c.call_tool("diff_impact", {"since": "HEAD"})
        assert not found.is_error and "contract (breaking) src/lib.rs:1 demo::a, 1 affected" in found.content[0].text
        valid(found.structured_content, "compact")
        assert (await c.call_tool("diff_impact", {"since": "nothing-like-it"})).is_error
    with_client(w, "auto", work)


TOOLS = [("callers", {"item": "Shape::area"}), ("callers", {"item": "describe", "direction": "callees"}), ("blast_radius", {"item": "Square"}), ("context", {"items": ["Square", "Circle"], "max_tokens": 700}),
         ("explore", {"question": "who implements Shape"}), ("find_cycles", {"level": "type"}), ("who_implements", {"trait": "Shape"}), ("search", {"pattern": "area"}), ("who_implements", {"trait": "NoSuchTrait"}), ("blast_radius", {})]


def test_a_tool_answers_the_same_in_the_daemon_and_alone(place):
    """The daemon cuts what it answers where the graph is; without it the same is done here."""
    w = place()

    async def work(c):
        told = []
        for name, arguments in TOOLS:
            result = await c.call_tool(name, arguments)
            assert result.content[0].text
            told.append((name, result.is_error, result.content[0].text, result.structured_content))
        return told
    mine = with_client(w, "auto", work)
    assert w.run("daemon", "status").returncode == 0 and any(not error for _, error, _, _ in mine) and any(error for _, error, _, _ in mine)
    assert mine == with_client(w, "auto", work, "--no-daemon")


def test_a_save_is_in_the_next_answer(place):
    w = place({"Cargo.toml": package("demo"), "src/lib.rs": "pub trait T {}\nstruct A;\nimpl T for A {}\n"})

    async def work(c):
        seen = []
        for i in range(5):
            w.write({"src/lib.rs": "pub trait T {}\nstruct A;\nimpl T for A {}\n" + "".join(f"struct B{k};\nimpl T for B{k} {{}}\n" for k in range(i))})
            answer = (await c.call_tool("who_implements", {"trait": "T"})).structured_content
            assert answer["complete"]
            seen.append((answer["generation"], len(answer["results"])))
        assert [n for _, n in seen] == [1, 2, 3, 4, 5]
    with_client(w, "auto", work)


def test_it_starts_the_daemon_and_outlives_it(place):
    w = place(indexed=False)

    async def work(c):
        assert not (await c.call_tool("who_implements", {"trait": "Shape"})).is_error
        status = json.loads(w.run("daemon", "status", "--json").stdout)
        os.kill(status["pid"], signal.SIGKILL)
        assert not (await c.call_tool("who_implements", {"trait": "Shape"})).is_error
        assert json.loads(w.run("daemon", "status", "--json").stdout)["pid"] != status["pid"]
    with_client(w, "auto", work)


def test_without_a_daemon_the_store_answers_and_says_what_is_stale(place):
    w = place()
    path = w.folder / "engine/src/shape.rs"
    path.write_text(path.read_text() + "\n// more\n")

    async def work(c):
        answer = (await c.call_tool("who_implements", {"trait": "Shape"})).structured_content
        assert not answer["complete"] and answer["stale"] == ["engine/src/shape.rs"]
    with_client(w, "auto", work, "--no-daemon")
    assert w.run("daemon", "status").returncode == 3


class Raw:
    """A server, spoken to line by line."""

    def __init__(self, workspace, *options):
        self.process = subprocess.Popen([BIN, "mcp", "--no-daemon", *options], cwd=workspace.folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def send(self, *messages):
        for m in messages:
            line = m if isinstance(m, bytes) else json.dumps(m).encode()
            self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def read(self):
        return json.loads(self.process.stdout.readline())

    def ask(self, message):
        self.send(message)
        return self.read()

    def end(self):
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        return [json.loads(line) for line in out.splitlines()]


def request(method, number=1, modern=True, **params):
    if modern:
        params["_meta"] = META | params.get("_meta", {})
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


HELLO = {"jsonrpc": "2.0", "id": 0, "method": "initialize",
         "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}


@pytest.fixture
def raw(place):
    w = place()
    started = []

    def make(*options):
        started.append(Raw(w, *options))
        return started[-1]
    yield make
    for r in started:
        r.process.kill()
        r.process.wait()
        for stream in (r.process.stdin, r.process.stdout, r.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:  # what it was still to be told
                pass


def test_the_list_of_tools_is_small_and_always_the_same(raw):
    r = raw()
    r.send(request("tools/list"), request("tools/list"))
    first, again = r.process.stdout.readline(), r.process.stdout.readline()
    assert first == again and len(first) <= 4096
    legacy = raw()
    legacy.ask(HELLO)
    legacy.send(request("tools/list", modern=False))
    assert len(legacy.process.stdout.readline()) <= 4096


def test_discovery(raw):
    result = raw().ask(request("server/discover"))["result"]
    assert result["supportedVersions"] == ["2026-07-28"] and result["resultType"] == "complete"
    assert set(result["capabilities"]) == {"tools", "resources", "prompts"}
    assert result["ttlMs"] > 0 and result["cacheScope"] == "public"
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "parseltongue"
    assert "explore" in result["instructions"]


@pytest.mark.parametrize("asked, given", [("2025-11-25", "2025-11-25"), ("2024-11-05", "2024-11-05"), ("1999-01-01", "2025-11-25")])
def test_the_handshake(raw, asked, given):
    r = raw()
    answer = r.ask(HELLO | {"params": HELLO["params"] | {"protocolVersion": asked}})
    assert answer["result"]["protocolVersion"] == given and "resultType" not in answer["result"]
    r.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert r.ask(request("ping", modern=False))["result"] == {}
    found = r.ask(request("tools/call", modern=False, name="search", arguments={"pattern": "Shape"}))["result"]
    assert ("structuredContent" in found) == (given >= "2025-06-18")


@pytest.mark.parametrize("message, code", [
    (b"nonsense", -32700),
    (b"[]", -32600),
    (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}', -32700),
    (b'\xff\xfe', -32700),
    (b"{" * 5000, -32700),
    ({"jsonrpc": "1.0", "id": 1, "method": "tools/list"}, -32600),
    ({"jsonrpc": "2.0", "id": None, "method": "tools/list"}, -32600),
    ({"jsonrpc": "2.0", "id": 1.5, "method": "tools/list"}, -32600),
    ({"jsonrpc": "2.0", "id": 1}, -32600),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}, -32602),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, -32602),  # no version, and no initialize
    (request("tools/list", _meta={"io.modelcontextprotocol/protocolVersion": "1900-01-01"}), -32022),
    (request("tools/list", _meta={"io.modelcontextprotocol/protocolVersion": 7}), -32602),
    (request("tools/list", _meta={"io.modelcontextprotocol/clientCapabilities": None}), -32602),
    (request("tools/list", cursor="x"), -32602),
    (request("tools/call"), -32602),
    (request("tools/call", name="rm"), -32602),
    (request("tools/call", name="search", arguments=[]), -32602),
    (request("resources/read", uri="file:///etc/passwd"), -32602),
    (request("prompts/get", name="x"), -32602),
    (request("ping"), -32601),
    (request("logging/setLevel", level="debug"), -32601),
    (request("subscriptions/listen"), -32602),
])
def test_what_is_wrong_is_told_and_the_next_is_answered(raw, message, code):
    r = raw()
    assert r.ask(message)["error"]["code"] == code
    assert r.ask(request("tools/list", 2))["id"] == 2


def test_an_unsupported_version_names_those_that_are(raw):
    error = raw().ask(request("tools/list", _meta={"io.modelcontextprotocol/protocolVersion": "1900-01-01"}))["error"]
    assert error["data"] == {"supported": ["2026-07-28"], "requested": "1900-01-01"}


@pytest.mark.parametrize("name, arguments", [
    ("search", {}), ("search", {"pattern": 7}), ("search", {"pattern": "x", "colour": 1}), ("search", {"pattern": "x", "max_tokens": 5}),
    ("search", {"pattern": "x", "max_tokens": -1}), ("search", {"pattern": "x", "kind": "gadget"}), ("context", {"items": [1]}),
    ("context", {"items": []}), ("context", {"items": ["Shape"], "level": "all"}), ("search", {"pattern": "x", "cursor": "y"}),
    ("find_cycles", {"level": "galaxy"})])
def test_arguments_that_do_not_fit_are_told_to_the_model(raw, name, arguments):
    result = raw().ask(request("tools/call", name=name, arguments=arguments))["result"]
    assert result["isError"] and result["content"][0]["text"].strip() and "structuredContent" not in result


def test_pages(raw):
    r = raw()
    whole = r.ask(request("tools/call", name="search", arguments={"pattern": "a", "max_tokens": 20000}))["result"]["structuredContent"]
    assert len(whole["results"]) > 10 and "next" not in whole
    rows, cursor = [], None
    for _ in range(100):
        page = r.ask(request("tools/call", name="search", arguments={"pattern": "a", "max_tokens": 500} | ({"cursor": cursor} if cursor else {})))
        page = page["result"]["structuredContent"]
        rows += page["results"]
        cursor = page.get("next")
        if not cursor:
            break
    assert rows == whole["results"]


def test_notifications_and_responses_get_no_answer(raw):
    r = raw()
    r.send({"jsonrpc": "2.0", "method": "notifications/initialized"}, {"jsonrpc": "2.0", "id": 9, "result": {}},
           {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 77}},
           {"jsonrpc": "2.0", "method": "no/such/notification"})
    assert [m["id"] for m in [r.ask(request("tools/list", 5))]] == [5]
    assert r.end() == []


def test_the_end_of_the_input_ends_it_once_all_is_answered(raw):
    r = raw()
    r.send(*[request("tools/call", i, name="search", arguments={"pattern": "Shape"}) for i in range(200)])
    assert [m["id"] for m in r.end()] == list(range(200))


def test_a_cancelled_request_that_waits_is_not_answered(raw):
    r = raw()
    asked = [request("tools/call", i, name="explore", arguments={"question": "how is area made"}) for i in range(50)]
    cancelled = [{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": i}} for i in range(25, 50)]
    r.send(*asked, *cancelled)
    ids = [m["id"] for m in r.end()]
    assert ids[:25] == list(range(25)) and ids == sorted(ids)  # some were answered before the word came


def test_subscriptions_stay_open_until_the_end(raw):
    r = raw()
    said = r.ask(request("subscriptions/listen", "s1", notifications={"toolsListChanged": True}))
    assert said["method"] == "notifications/subscriptions/acknowledged"
    assert said["params"] == {"_meta": {"io.modelcontextprotocol/subscriptionId": "s1"}, "notifications": {}}
    assert r.ask(request("subscriptions/listen", "s2", notifications={}))["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == "s2"
    r.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "s1"}})
    closed = r.end()
    assert [m["id"] for m in closed] == ["s2"] and closed[0]["result"]["resultType"] == "complete"


def test_a_message_too_long_is_refused_and_the_next_one_is_read(raw):
    r = raw()
    r.send(b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * (5 << 20) + b'"}')
    assert r.read()["error"]["code"] == -32700
    assert r.ask(request("tools/list", 2))["id"] == 2


def test_crlf_and_empty_lines(raw):
    r = raw()
    r.send(b"", json.dumps(request("tools/list", 3)).encode() + b"\r")
    assert r.read()["id"] == 3


def test_progress_while_the_first_index_is_made(place):
    files = {"Cargo.toml": package("demo"), "src/lib.rs": "".join(f"pub mod m{i};\n" for i in range(400))}
    body = "".join(f"pub fn f{i}(x: Vec<u32>) -> usize {{ x.iter().map(|y| y + {i}).filter(|z| z % 2 == 0).count() }}\n" for i in range(300))
    w = place(files | {f"src/m{i}.rs": body for i in range(400)}, indexed=False)
    process = subprocess.Popen([BIN, "mcp"], cwd=w.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    ask = request("tools/call", 1, name="search", arguments={"pattern": "f1"}, _meta={"progressToken": "p"})
    out, _ = process.communicate(json.dumps(ask).encode() + b"\n", timeout=120)
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[-1]["id"] == 1 and not lines[-1]["result"]["isError"]
    told = [m["params"] for m in lines[:-1]]  # as many as seconds it took, which may be none
    assert all(p["progressToken"] == "p" for p in told) and [p["progress"] for p in told] == list(range(1, len(told) + 1))


def test_a_folder_that_is_no_workspace(tmp_path, place):
    w = place({"notes.txt": "nothing"}, indexed=False)
    r = Raw(w)
    result = r.ask(request("tools/call", name="search", arguments={"pattern": "x"}))["result"]
    assert result["isError"] and result["content"][0]["text"].strip()
    r.end()


def test_nobody_reads(raw):
    r = raw()
    r.process.stdout.close()
    try:
        for i in range(2000):
            r.send(request("tools/list", i))
    except BrokenPipeError:
        pass
    deadline = time.monotonic() + 30
    while r.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert r.process.poll() is not None
