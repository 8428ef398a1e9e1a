"""Those who ask the daemon of a workspace that is soaked (soak.py)."""
import contextlib
import json
import random
import socket
import threading

PATIENCE = 120
ASKED = ("who-implements", "traits-of", "callers", "callees", "uses", "used-by", "blast-radius", "search", "where-defined", "find-cycles", "overview", "unused",
         "stats", "doctor", "list", "status", "entities-in", "path", "explain")
WITHOUT = ("find-cycles", "overview", "unused", "stats", "doctor", "list", "status")
NO_ITEM = (-32004, -32006)  # none of that name; several


class Violation(Exception):
    pass


class Asker:
    """A connection: each question is answered, in time."""

    def __init__(self, path):
        self.socket, self.number = socket.socket(socket.AF_UNIX), 0
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.file = self.socket.makefile("rwb")

    def ask(self, method, params):
        self.number += 1
        self.file.write(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}).encode() + b"\n")
        self.file.flush()
        reply = json.loads(self.file.readline())
        if reply["id"] != self.number:
            raise ValueError(f"the reply to {reply['id']}, not to {self.number}")
        return reply

    def close(self):
        with contextlib.suppress(OSError):  # what was not sent to a daemon that is gone
            self.file.close()
        self.socket.close()


def question(rng, names):
    method = rng.choice(ASKED)
    params = {} if method in WITHOUT else {"target": rng.choice(names)}
    if method in ("path", "explain"):
        params["second"] = rng.choice(names)
    if method != "status":
        params["wait"] = rng.choice((0, 12, 500))
    return method, params


def ask(place, rng, names, stop, counts, failures, tolerant):
    """Questions over one connection until it is told to stop: each is answered, of a generation not before the last."""
    last = 0
    try:
        with contextlib.closing(Asker(place.socket_path)) as asker:
            while not stop.is_set():
                method, params = question(rng, names)
                reply = asker.ask(method, params)
                counts["questions beside edits"] += 1
                generation = reply.get("result", {}).get("generation", last)
                if reply.get("error", {}).get("code", NO_ITEM[0]) not in NO_ITEM or generation < last:
                    failures.append(f"{method} {params}, after generation {last}: {str(reply)[:500]}")
                    return
                last = generation
    except (OSError, ValueError) as failure:
        if not tolerant:
            failures.append(f"no answer: {failure!r}")


@contextlib.contextmanager
def asking(place, rng, counts, connections, tolerant=False):
    """Several ask meanwhile; when the daemon is to end, `tolerant` of that."""
    names = [row["path"] for row in place.call("list", {"limit": 2000})["results"]] or ["x"]
    names = rng.sample(names, min(len(names), 200)) + ["no_such_thing", ""]
    stop, failures = threading.Event(), []
    threads = [threading.Thread(target=ask, args=(place, random.Random(rng.random()), names, stop, counts, failures, tolerant)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if failures:
        raise Violation(f"{place.name}: a question: {failures[0]}")
