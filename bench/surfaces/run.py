#!/usr/bin/env python3
"""What each way to ask costs: the daemon's socket, HTTP, MCP over standard input and over HTTP, the command line, beside what finding
the answer takes inside of the daemon.

  run.py [--tree tokio|compiler|library] [--questions N] [--out FILE]

One client, one question after the other, the daemon keeps no answers. "inside" is the daemon's own clock, from the question's
beginning on the thread that answers it to the answer as a tree of values; what a surface adds is text, transport and the client's own
reading. Commands over the surfaces ask the same items; MCP answers are cut to 4,000 tokens and come as text and as JSON.
"""
import argparse
import contextlib
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "live"))
from run import BUILD, PROGRAM, TREES, Connection  # noqa: E402

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
TOOLS = {"callers": ("callers", "item"), "who-implements": ("who_implements", "trait"), "blast-radius": ("blast_radius", "item"), "context": ("context", "items"),
         "explore": ("explore", "question")}


def stop(text):
    sys.exit(f"bench: {text}")


def percentiles(samples):
    samples = sorted(samples)
    return samples[len(samples) // 2] * 1e6, samples[min(len(samples) - 1, int(len(samples) * 0.99))] * 1e6


def run(place, command, *arguments, environment):
    done = subprocess.run([PROGRAM, command, *arguments], cwd=place, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 3):
        stop(f"{command}: {done.stderr.strip()}")
    return done.stdout


def items_of(place, environment, seed):
    """For each command some items that it can be asked about, by full path."""
    nodes = [json.loads(line) for line in run(place, "export", environment=environment).splitlines()]
    nodes = [n for n in nodes if n["t"] == "node" and not n["external"] and not n["test"] and "<" not in n["path"] and "[" not in n["path"]]
    unique = {}
    for n in nodes:
        unique.setdefault(n["path"], []).append(n)
    nodes = [v[0] for v in unique.values() if len(v) == 1]
    chosen = random.Random(seed)
    kinds = {"callers": ("fn", "method"), "who-implements": ("trait",), "blast-radius": ("fn", "method", "struct"), "context": ("fn", "method", "struct", "trait")}
    found = {command: chosen.sample(paths := sorted(n["path"] for n in nodes if n["kind"] in of), min(len(paths), 60)) for command, of in kinds.items()}
    found["explore"] = [f"what breaks if I change {p}" for p in found["blast-radius"]]
    return found


@contextlib.contextmanager
def surfaces(place, environment):
    socket_path = next((os.path.join(r, f) for r, _, fs in os.walk(environment["XDG_RUNTIME_DIR"]) for f in fs if f.endswith(".sock")), None)
    connection = Connection(socket_path)
    port = json.loads(run(place, "serve", "--json", environment=environment))["port"]
    web = http.client.HTTPConnection("127.0.0.1", port)
    process = subprocess.Popen([PROGRAM, "mcp"], cwd=place, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tool_call(command, target):
        name, argument = TOOLS[command]
        return name, {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": name, "arguments": {argument: [target] if argument == "items" else target}, "_meta": META}}

    def by_socket(command, target):
        return connection.ask(command, {"target": target})

    def by_http(command, target):
        web.request("POST", f"/api/v1/{command}", json.dumps({"target": target}), {"Content-Type": "application/json"})
        return web.getresponse().read()

    def by_mcp(command, target):
        process.stdin.write(json.dumps(tool_call(command, target)[1]).encode() + b"\n")
        process.stdin.flush()
        return process.stdout.readline()

    def by_mcp_http(command, target):
        name, message = tool_call(command, target)
        web.request("POST", "/mcp", json.dumps(message), {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                                                          "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": name})
        return web.getresponse().read()

    def by_command(command, target):
        return subprocess.run([PROGRAM, command, target, "--json"], cwd=place, env=environment, capture_output=True).stdout

    yield {"socket": by_socket, "HTTP": by_http, "MCP, stdio": by_mcp, "MCP, HTTP": by_mcp_http, "command": by_command}, connection
    process.stdin.close()
    process.wait()
    web.close()
    connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tree", default="tokio", choices=TREES)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    source = os.path.join(BUILD, "bench", "trees", TREES[options.tree])
    if not os.path.isdir(source):
        stop("no trees yet: make bench-surfaces, or bench/run.py once")
    runtime = tempfile.mkdtemp(prefix="surfaces-")
    place = os.path.join(runtime, "tree")
    environment = dict(os.environ, XDG_RUNTIME_DIR=runtime, XDG_STATE_HOME=runtime + "/state")
    shutil.copytree(source, place, ignore=shutil.ignore_patterns(".parseltongue"))
    rows = []
    try:
        run(place, "daemon", "start", "--cache", "0", environment=environment)
        run(place, "list", "--limit", "1", "--wait", "600000", environment=environment)
        items = items_of(place, environment, options.seed)
        print(f"{options.tree}, seed {options.seed}, {options.questions:,} questions a surface ({max(options.questions // 20, 20)} by the command)\n")
        print(f"{'':<16}{'inside p50':>11}{'p99':>8}", end="")
        with surfaces(place, environment) as (ways, connection):
            for way in ways:
                print(f"{way + ' p50':>17}{'p99':>8}", end="")
            print("   us")
            for command, targets in items.items():
                row = {"command": command, "surfaces": {}}
                for way, ask in ways.items():
                    count = max(options.questions // 20, 20) if way == "command" else options.questions
                    for target in targets[:20]:
                        ask(command, target)
                    samples, bytes_read = [], 0
                    for i in range(count):
                        start = time.perf_counter()
                        reply = ask(command, targets[i % len(targets)])
                        samples.append(time.perf_counter() - start)
                        bytes_read += len(reply)
                    p50, p99 = percentiles(samples)
                    row["surfaces"][way] = {"p50_us": round(p50, 1), "p99_us": round(p99, 1), "bytes": bytes_read // count}
                    if way == "socket":  # the same questions, and no others yet
                        inside = connection.call("status")["questions"][command]
                        row["inside"] = {"p50_us": inside["p50_us"], "p99_us": inside["p99_us"]}
                rows.append(row)
                print(f"{command:<16}{row['inside']['p50_us']:>11,}{row['inside']['p99_us']:>8,}", end="")
                for way in ways:
                    print(f"{row['surfaces'][way]['p50_us']:>17,.0f}{row['surfaces'][way]['p99_us']:>8,.0f}", end="")
                print()
        worst = max(row["surfaces"][way]["p99_us"] for row in rows for way in ("MCP, stdio", "MCP, HTTP"))
        print(f"\nMCP round trip p99 at most {worst / 1000:.2f} ms; the limit is 2 ms")
        if shutil.which("wrk"):
            port = json.loads(run(place, "serve", "--json", environment=environment))["port"]
            done = subprocess.run(["wrk", "-t1", "-c16", "-d3", f"http://127.0.0.1:{port}/api/v1/callers?target={items['callers'][0]}"], capture_output=True, text=True)
            rate = next((line.split()[1] for line in done.stdout.splitlines() if line.startswith("Requests/sec")), None)
            print(f"HTTP, 16 connections (wrk): {float(rate):,.0f} requests a second" if rate else done.stdout + done.stderr)
    finally:
        subprocess.run([PROGRAM, "daemon", "stop", "--quiet"], cwd=place, env=environment)
        shutil.rmtree(runtime, ignore_errors=True)
    if options.out:
        with open(options.out, "w") as f:
            json.dump({"tree": options.tree, "rows": rows}, f, indent=2)


if __name__ == "__main__":
    main()
