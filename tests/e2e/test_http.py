"""HTTP of the daemon: what it answers, to whom, and what no client can do to it."""
import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from mcp.client.client import Client
from prometheus_client.parser import text_string_to_metric_families

from conftest import DEMO, Workspace, package, valid

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
MODERN = {"MCP-Protocol-Version": "2026-07-28", "Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("http")
    before = {name: os.environ.get(name) for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME")}
    for name in before:
        (folder / name).mkdir(mode=0o700)
        os.environ[name] = str(folder / name)
    made = []

    def workspace(files=None):
        path = folder / f"workspace{len(made)}"
        if files is None:
            shutil.copytree(DEMO, path)
        made.append(Workspace(path, files))
        made[-1].index()
        return made[-1]
    yield workspace
    for w in made:
        w.run("daemon", "stop")
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


class Served:
    def __init__(self, workspace, *options):
        self.workspace = workspace
        done = workspace.run("serve", "--json", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        told = json.loads(done.stdout)
        self.url, self.port = told["url"], told["port"]

    def open(self, path, data=None, method=None, **headers):
        request = urllib.request.Request(self.url + path, data, {k.replace("_", "-"): v for k, v in headers.items()}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def ask(self, path, status=200, data=None, **headers):
        got, body, _ = self.open(path, json.dumps(data).encode() if data is not None else None, **headers)
        assert got == status, body
        return json.loads(body)

    def raw(self, text, wait=10):
        with socket.create_connection(("127.0.0.1", self.port), wait) as s:
            s.sendall(text)
            found = b""
            while True:
                try:
                    piece = s.recv(65536)
                except ConnectionResetError:
                    return found
                if not piece:
                    return found
                found += piece


@pytest.fixture(scope="module")
def served(place):
    s = Served(place())
    s.ask("/api/v1/list?wait=10000")
    return s


def without(answer):
    return {k: v for k, v in answer.items() if k not in ("pending", "generation", "complete")}


@pytest.mark.parametrize("command, parameters", [
    ("who-implements", {"target": "Shape"}), ("callers", {"target": "Shape::area"}), ("blast-radius", {"target": "Shape", "depth": 2}),
    ("find-cycles", {"level": "type"}), ("search", {"target": "area", "limit": 3}), ("list", {"kind": "trait"}),
    ("context", {"target": "Shape", "budget": 500, "format": "json"}), ("overview", {}), ("path", {"target": "main", "second": "Shape"})])
def test_it_answers_as_the_command_line(served, command, parameters):
    query = "&".join(f"{k}={v}" for k, v in parameters.items()).replace(" ", "%20")
    by_get = served.ask(f"/api/v1/{command}?{query}")
    by_post = served.ask(f"/api/v1/{command}", data=parameters)
    assert without(by_get) == without(by_post)
    valid(by_get, command)
    arguments = [parameters[k] for k in ("target", "second") if k in parameters]
    options = [x for k, v in parameters.items() if k not in ("target", "second", "format") for x in (f"--{k}", v)]
    assert without(by_get) == without(served.workspace.ask(command, *arguments, *options))


def test_places_of_a_row_can_be_limited(served):
    whole = served.ask("/api/v1/callees?target=main")["results"]
    short = valid(served.ask("/api/v1/callees?target=main&sites=1"), "callees")["results"]
    assert any(len(row["sites"]) > 1 for row in whole) and [r["path"] for r in whole] == [r["path"] for r in short]
    for row, cut in zip(whole, short):
        assert cut["sites"] == row["sites"][:1] and cut.get("more_sites", 0) == len(row["sites"]) - 1
    assert served.ask("/api/v1/search?target=Square&sites=1", 400)["error"]


@pytest.mark.parametrize("path, status", [
    ("/api/v1/callers?target=no_such_item_anywhere", 404), ("/api/v1/callers?target=new", 409), ("/api/v1/callers", 400),
    ("/api/v1/callers?target=a&colour=red", 400), ("/api/v1/callers?target=a&limit=many", 400), ("/api/v1/callers?target=a&limit=-1", 400),
    ("/api/v1/callers?target=a&all=perhaps", 400), ("/api/v1/callers?target=%FF%FE", 400), ("/api/v1/search?target=a&wait=99999999", 400),
    ("/api/v1/list?kind=gadget", 400), ("/api/v1/frobnicate", 404), ("/api/v1/", 200), ("/api/v2", 404), ("/dashboard", 404), ("/api/v1/callers/x", 404),
    ("/../../etc/passwd", 404), ("/%2e%2e/%2e%2e/etc/passwd", 404), ("/api/v1/..%2f..%2fetc", 404), ("//etc/passwd", 404),
    ("/" + "x" * 2000, 414)])
def test_what_is_wrong_is_told(served, path, status):
    got, body, headers = served.open(path)
    assert got == status and headers["Content-Type"] == "application/json"
    if status >= 400:
        assert json.loads(body)["error"]


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"target":', b'{"target":7}', b'{"target":"a","target":"b"}', b"\xff", b"{" * 100000])
def test_bodies_that_do_not_fit(served, body):
    assert served.open("/api/v1/callers", body)[0] == 400


def test_methods(served):
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "FROB"):
        status, _, headers = served.open("/api/v1", method=method)
        assert status == 405 and headers["Allow"]
        assert not any(h.lower().startswith("access-control") for h in headers)
    assert served.open("/api/v1", method="HEAD")[:2] == (200, b"")


@pytest.mark.parametrize("headers, status", [
    ({"Host": "evil.example"}, 403), ({"Host": "localhost.evil.example"}, 403), ({"Host": "127.0.0.1.evil.example"}, 403),
    ({"Host": "localhost:1"}, 403), ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403),
    ({"Origin": "https://localhost"}, 403), ({"Host": "localhost"}, 200)])
@pytest.mark.parametrize("path", ["/api/v1/status", "/api/v1/history", "/metrics", "/events", "/mcp"])
def test_no_page_of_elsewhere_is_answered(served, path, headers, status):
    if status == 200 and path in ("/events", "/mcp"):
        return
    assert served.open(path, **headers)[0] == status


def test_own_pages_are(served):
    assert served.open("/api/v1/status", Origin=served.url)[0] == 200
    assert served.open("/api/v1/status", Origin=f"http://localhost:{served.port}", Host=f"localhost:{served.port}")[0] == 200
    assert served.raw(b"GET /api/v1 HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.")  # no Host at all
    assert b" 400 " in served.raw(b"GET /api/v1 HTTP/1.0\r\n\r\n").splitlines()[0]


@pytest.mark.parametrize("headers", [b"Host: localhost\r\nHost: evil.example\r\n", b"Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil.example\r\n",
                                     b"Host: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n"])
def test_what_two_may_read_differently_is_refused(served, headers):
    got = served.raw(b"POST /api/v1/search HTTP/1.1\r\n" + headers + b"\r\n{}", 40)
    assert b" 400 " in got.splitlines()[0] and got.count(b"HTTP/1.1 ") == 1


def test_streams_whose_readers_went_make_room(served):
    """32 may be open; those that nobody reads any more are noticed."""
    for _ in range(80):
        over = time.monotonic() + 20
        while True:
            try:
                stream = urllib.request.urlopen(served.url + "/events", timeout=30)
                break
            except urllib.error.HTTPError as error:
                assert error.code == 503 and time.monotonic() < over
                time.sleep(0.2)
        stream.readline()
        stream.close()


def test_metrics(served):
    served.ask("/api/v1/search?target=area")
    families = {f.name: f for f in text_string_to_metric_families(served.open("/metrics")[1].decode())}
    assert families["parseltongue_up"].samples[0].value == 1
    assert any(s.labels.get("command") == "search" for s in families["parseltongue_question_seconds"].samples)


def test_status_and_the_list_of_commands(served):
    assert served.ask("/api/v1/status")["pid"] > 0
    assert {"who-implements", "context", "explore"} <= {c["command"] for c in served.ask("/api/v1")["commands"]}


def test_events_tell_each_save(place):
    w = place({"Cargo.toml": package("demo"), "src/lib.rs": "pub fn a() {}\n"})
    s = Served(w)
    s.ask("/api/v1/list?wait=10000")
    stream = urllib.request.urlopen(s.url + "/events", timeout=30)
    assert stream.headers["Content-Type"] == "text/event-stream" and stream.readline().startswith(b":")
    told = []
    for i in range(3):
        w.write({"src/lib.rs": "pub fn a() {}\n" + f"pub fn b{i}() {{}}\n"})
        while True:
            line = stream.readline()
            if line.startswith(b"data: "):
                told.append(json.loads(line[6:]))
                if told[-1]["file"] == "src/lib.rs":
                    break
    assert [t["generation"] for t in told] == sorted({t["generation"] for t in told})
    w.run("daemon", "stop")
    assert stream.read() is not None  # it ends


def test_a_question_sees_the_save_before_it(place):
    w = place({"Cargo.toml": package("demo"), "src/lib.rs": "pub trait T {}\n"})
    s = Served(w)
    for i in range(5):
        w.write({"src/lib.rs": "pub trait T {}\n" + "".join(f"struct S{k};\nimpl T for S{k} {{}}\n" for k in range(i))})
        answer = s.ask("/api/v1/who-implements?target=T&wait=10000")
        assert answer["complete"] and len(answer["results"]) == i


def test_bodies_and_headers_have_limits(served):
    got = served.raw(b"POST /api/v1/callers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n")
    assert b" 413 " in got.splitlines()[0]
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    got = served.raw(b"POST /api/v1/callers HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 20 + b"0\r\n\r\n")
    assert b" 413 " in got.splitlines()[0]
    got = served.raw(b"GET /api/v1 HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100000 + b"\r\n\r\n")
    assert b" 431 " in got.splitlines()[0] or got == b""
    assert served.ask("/api/v1/status")


ODD = [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /api/v1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
       b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", b"\r\n\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"]


def test_what_is_no_http_is_closed(served):
    threads = [threading.Thread(target=served.raw, args=(text, 40)) for text in ODD]
    for t in threads:
        t.start()
    for t in threads:
        t.join(45)
        assert not t.is_alive()
    assert served.ask("/api/v1/status")


def test_who_sends_slowly_is_let_go_and_others_are_answered(served):
    slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(100)]
    for s in slow:
        s.sendall(b"GET /api/v1 HTTP/1.1\r\nHost: localhost\r\n")
    over = time.monotonic() + 40
    while slow and time.monotonic() < over:
        time.sleep(0.5)
        assert served.ask("/api/v1")["commands"]
        for s in list(slow):
            try:
                s.sendall(b"X")  # a byte now and then does not help
            except OSError:
                slow.remove(s)
    assert not slow


def test_connections_beyond_the_limit(served):
    many = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(300)]
    time.sleep(0.2)
    for s in many:
        s.close()
    assert served.ask("/api/v1/status")


def test_many_at_once(served):
    wanted, failed = without(served.ask("/api/v1/who-implements?target=Shape")), []

    def work():
        for _ in range(50):
            if without(served.ask("/api/v1/who-implements?target=Shape")) != wanted:
                failed.append(1)
    threads = [threading.Thread(target=work) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed


def test_serving_twice_is_the_same(served):
    again = Served(served.workspace)
    assert again.url == served.url
    assert served.workspace.run("serve", "--port", "1").returncode == 4
    assert served.workspace.run("serve", "extra").returncode == 2


def test_the_same_port_each_time_and_nothing_left(place):
    w = place()
    first = Served(w)
    w.run("daemon", "stop")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", first.port), 2)
    again = Served(w)
    assert again.port == first.port
    w.run("daemon", "stop")
    with socket.create_server(("127.0.0.1", first.port)):
        assert Served(w).port != first.port  # taken: another one


def test_another_address_wants_a_token(place, tmp_path):
    w = place()
    assert b"wants a token" in w.run("serve", "--address", "0.0.0.0").stderr
    token = tmp_path / "token"
    token.write_text("a-secret-of-many-letters\n")
    token.chmod(0o644)
    assert b"chmod 600" in w.run("serve", "--address", "0.0.0.0", "--token-file", token).stderr
    token.chmod(0o600)
    for text in ("", "\n\n", "with space in it, which no header says\n", "x" * 300):
        token.write_text(text)
        assert w.run("serve", "--token-file", token).returncode == 2
    token.write_text("a-secret-of-many-letters\n")
    s = Served(w, "--address", "0.0.0.0", "--token-file", token)
    s.url = f"http://127.0.0.1:{s.port}"
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer a-secret-of-many-letter"}, {"Authorization": "Basic x"},
                    {"Authorization": "Bearer a-secret-of-many-lettersa-secret-of-many-letters"}):
        for path in ("/api/v1/status", "/metrics", "/events", "/mcp"):
            assert s.open(path, **headers)[0] == 401
    good = {"Authorization": "Bearer a-secret-of-many-letters"}
    assert s.open("/api/v1/status", **good)[0] == 200
    assert s.open("/api/v1/status", Origin="http://evil.example", **good)[0] == 403
    assert s.workspace.run("serve", "--address", "nowhere").returncode != 0


def test_addresses_that_are_none(place):
    w = place()
    assert w.run("serve", "--address", "::1").returncode in (0, 4)
    w.run("daemon", "stop")
    assert w.run("serve", "--port", "70000").returncode == 2


@pytest.mark.parametrize("mode, version", [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
def test_the_official_mcp_client(served, mode, version):
    async def run():
        async with Client(served.url + "/mcp", mode=mode) as c:
            assert c.protocol_version == version
            assert len((await c.list_tools()).tools) == 8
            found = await c.call_tool("who_implements", {"trait": "Shape"})
            assert not found.is_error
            valid(found.structured_content, "compact")
            assert (await c.call_tool("context", {"items": ["nothing_like_this"]})).is_error
            assert "no git repository" in (await c.call_tool("diff_impact", {"since": "HEAD"})).content[0].text
    asyncio.run(asyncio.wait_for(run(), 60))


def mcp(served, message, **headers):
    return served.open("/mcp", json.dumps(message).encode(), **(MODERN | {"Content-Type": "application/json"} | headers))


@pytest.mark.parametrize("message, headers, status, code", [
    ({"method": "tools/list"}, {"Mcp-Method": "tools/list"}, 200, None),
    ({"method": "tools/list"}, {"Mcp-Method": "tools/call"}, 400, -32020),
    ({"method": "tools/list"}, {}, 400, -32020),
    ({"method": "tools/list"}, {"Mcp-Method": "tools/list", "MCP-Protocol-Version": "2025-11-25"}, 400, -32020),
    ({"method": "tools/call", "name": "search", "arguments": {"pattern": "a"}}, {"Mcp-Method": "tools/call", "Mcp-Name": "search"}, 200, None),
    ({"method": "tools/call", "name": "search", "arguments": {"pattern": "a"}}, {"Mcp-Method": "tools/call", "Mcp-Name": "=?base64?c2VhcmNo?="}, 200, None),
    ({"method": "tools/call", "name": "search", "arguments": {"pattern": "a"}}, {"Mcp-Method": "tools/call", "Mcp-Name": "other"}, 400, -32020),
    ({"method": "tools/call", "name": "rm"}, {"Mcp-Method": "tools/call", "Mcp-Name": "rm"}, 400, -32602),
    ({"method": "no/such"}, {"Mcp-Method": "no/such"}, 404, -32601),
])
def test_headers_say_what_the_body_says(served, message, headers, status, code):
    params = {k: v for k, v in message.items() if k != "method"} | {"_meta": META}
    got, body, _ = mcp(served, {"jsonrpc": "2.0", "id": 1, "method": message["method"], "params": params}, **headers)
    assert got == status, body
    assert json.loads(body).get("error", {}).get("code") == code


def test_mcp_odds(served):
    assert mcp(served, {"jsonrpc": "2.0", "method": "notifications/initialized"}, **{"MCP-Protocol-Version": "2025-11-25"})[0] == 202
    assert mcp(served, {"jsonrpc": "2.0", "id": 1, "method": "ping"}, **{"MCP-Protocol-Version": "1999-01-01"})[0] == 400
    assert mcp(served, {"jsonrpc": "2.0", "id": 1, "method": "ping"}, Accept="text/html")[0] == 406
    assert served.open("/mcp")[0] == 405 and served.open("/mcp", b"nonsense")[0] == 400


def test_an_mcp_subscription_is_a_stream(place):
    s = Served(place())
    body = {"jsonrpc": "2.0", "id": "s", "method": "subscriptions/listen", "params": {"_meta": META, "notifications": {"toolsListChanged": True}}}
    request = urllib.request.Request(s.url + "/mcp", json.dumps(body).encode(), MODERN | {"Mcp-Method": "subscriptions/listen"})
    stream = urllib.request.urlopen(request, timeout=30)
    first = json.loads(stream.readline()[6:])
    assert first["method"] == "notifications/subscriptions/acknowledged"
    s.workspace.run("daemon", "stop")
    rest = [json.loads(line[6:]) for line in stream.read().splitlines() if line.startswith(b"data: ")]
    assert [m["id"] for m in rest] == ["s"]


def test_the_description_holds(served, tmp_path):
    """schemathesis asks every operation what its description allows and forbids."""
    description = served.ask("/api/v1/openapi.json")
    assert description["openapi"] == "3.1.0" and "/api/v1/who-implements" in description["paths"]
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    done = subprocess.run([program, "run", served.url + "/api/v1/openapi.json", "--max-examples", "8", "--phases", "examples,coverage,fuzzing",
                           "--seed", os.environ.get("SEED", "1"), "--request-timeout", "30", "--no-color",
                           "--exclude-path", "/api/v1/explain", "--exclude-path", "/api/v1/check"],  # a place or two items; TOML: no schema says so
                          cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_who_goes_in_the_middle_of_a_request_is_let_go(served):
    """Its place is free again long before a slow sender's would be."""
    held = []
    try:
        for _ in range(250):
            s = socket.create_connection(("127.0.0.1", served.port), 5)
            s.sendall(b"GET /api/v1 HT")
            s.shutdown(socket.SHUT_WR)
            held.append(s)
        for s in held:
            s.settimeout(12)
            with contextlib.suppress(ConnectionResetError):
                assert s.recv(1) == b""
        assert served.ask("/api/v1/status")
    finally:
        for s in held:
            s.close()
