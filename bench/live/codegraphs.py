"""How the two peers called codegraph are installed, indexed, kept fresh and asked: for peers.py."""
import contextlib
import json
import os
import select
import signal
import subprocess
import sys

from run import BUILD, ROOT
from edits import read  # tests/, which run.py has put on the path

sys.path.insert(0, os.path.join(ROOT, "bench", "accuracy", "peers"))
import install  # noqa: E402

HOME = os.path.join(BUILD, "accuracy", "peers")
QUIET = {**install.QUIET, "CODEGRAPH_MCP_TOOLS": "search,callers"}


class Unable(Exception):
    """A peer cannot be brought to run, and why."""


def installed():
    why = install.install(HOME)
    if why:
        raise Unable(why)


class Server:
    """An MCP server on stdio."""

    def __init__(self, command, folder, environment):
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.number, self.rest = 0, b""
        self.call("initialize", {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}})
        self.send({"method": "notifications/initialized"})

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def line(self):
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], 60)[0]:
                raise Unable("its MCP server does not answer in 60 s")
            more = os.read(self.process.stdout.fileno(), 1 << 20)
            if not more:
                raise Unable(f"its MCP server ended: exit {self.process.wait()}")
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def call(self, method, params):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        reply = {}
        while reply.get("id") != self.number:
            reply = self.line()
        return reply.get("result") or {}

    def tool(self, name, /, **arguments):
        return "".join(part.get("text", "") for part in self.call("tools/call", {"name": name, "arguments": arguments}).get("content", []))

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        ended(self.process)


def ended(process):
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(10)
    process.kill()
    return process.wait()


class Peer:
    def __init__(self, folder, work):
        self.folder, self.environment = folder, dict(os.environ, HOME=work, **QUIET)

    def program(self, *arguments):
        return ["node", os.path.join(HOME, "node_modules", *self.PACKAGE, self.SCRIPT), *arguments]

    def version(self):
        """Its own, and the node it asks for beside the one it gets."""
        told = json.loads(read(os.path.join(HOME, "node_modules", *self.PACKAGE, "package.json")))
        node = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
        return f"{told['version']}, node {told.get('engines', {}).get('node', 'of its own')}, here {node}"

    def index(self):
        done = subprocess.run(self.program(self.INDEX, self.folder), env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise Unable(f"{self.INDEX}: exit {done.returncode}: {' '.join(done.stderr.split())[-160:]}")


    def refresh(self):
        """What has to be done after a save."""


class Optave(Peer):
    LABEL, PACKAGE, SCRIPT, INDEX = "optave", ("@optave", "codegraph"), "dist/cli.js", "build"

    def start(self):
        self.watch = subprocess.Popen(self.program("watch", self.folder), cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.server = self.serve()

    def serve(self):
        return Server(self.program("mcp", "--db", self.folder + "/.codegraph/graph.db"), self.folder, self.environment)

    def stop(self):
        self.server.close()
        self.watch.send_signal(signal.SIGINT)
        ended(self.watch)

    def calls(self, callee, caller):
        return f'"name": "{caller}"' in self.server.tool("fn_impact", name=callee, depth=1)

    def knows(self, name):
        return f'"name": "{name}"' in self.server.tool("where", target=name)

    def takes(self, name, parameter):
        return f'"name": "{parameter}"' in self.server.tool("symbol_children", name=name)


class OptaveBuild(Optave):
    LABEL = "optave by build"

    def start(self):
        self.server = self.serve()

    def stop(self):
        self.server.close()

    def refresh(self):
        self.index()


class Colbymchenry(Peer):
    LABEL, PACKAGE, SCRIPT, INDEX = "colbymchenry", ("@colbymchenry", "codegraph"), "npm-shim.js", "init"

    def start(self):
        self.server = Server(self.program("serve", "--mcp", "--path", self.folder), self.folder, self.environment)

    def stop(self):
        """The server, and the daemon that it started for this folder."""
        self.server.close()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(json.loads(read(self.folder + "/.codegraph/daemon.pid"))["pid"], signal.SIGTERM)

    def calls(self, callee, caller):
        return f"- {caller} (" in self.server.tool("codegraph_callers", symbol=callee)

    def knows(self, name, detail=""):
        """The name as one found, not as the question repeated; with the detail in what is told of it."""
        _, found, rest = self.server.tool("codegraph_search", query=name).partition(f"**{name}** (")
        return bool(found) and detail in rest.partition("**")[0]

    def takes(self, name, parameter):
        return self.knows(name, parameter)


class ColbymchenryQuick(Colbymchenry):
    LABEL = "colbymchenry at 100 ms"

    def __init__(self, folder, work):
        super().__init__(folder, work)
        self.environment["CODEGRAPH_WATCH_DEBOUNCE_MS"] = "100"
