"""Shared by the end-to-end tests: the program, small workspaces, schemas."""
import atexit
import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parents[2]
BIN = os.path.abspath(os.environ.get("PARSELTONGUE_BIN", ROOT / "build/release/parseltongue"))
SCHEMAS = ROOT / "docs/schema"
DEMO = ROOT / "tests/fixtures/workspaces/demo"
# No test depends on which crates this machine happens to hold: those that want dependencies vendor them.
_HOME = tempfile.mkdtemp(prefix="parseltongue-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ["CARGO_HOME"] = _HOME + "/cargo"
os.environ["XDG_CACHE_HOME"] = _HOME + "/cache"


@functools.lru_cache(None)
def validator(name):
    registry = Registry().with_resources(
        [(p.name, Resource.from_contents(json.loads(p.read_text()), default_specification=DRAFT202012)) for p in SCHEMAS.glob("*.json")])
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text()), registry=registry)


def valid(document, schema):
    errors = [f"{list(e.absolute_path)}: {e.message}" for e in validator(schema).iter_errors(document)]
    assert not errors, f"{schema}: {errors[:3]}\n{json.dumps(document)[:2000]}"
    return document


def write_files(folder, files):
    for name, text in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def package(name, *, version="0.1.0", edition="2021", extra=""):
    return f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "{edition}"\n{extra}'


class Workspace:
    """A folder, indexed and asked through the command line alone."""

    def __init__(self, folder, files=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_files(self.folder, files or {})

    store = None  # a URI; the program's own choice without one

    def run(self, *arguments, stdin=None, cwd=None, env=None):
        if self.store and "--store" not in arguments:
            arguments = (*arguments, "--store", self.store)
        done = subprocess.run([BIN, *map(str, arguments)], cwd=cwd or self.folder, input=stdin, capture_output=True, timeout=60,
                              env={**os.environ, **(env or {})})
        assert done.returncode >= 0, f"{arguments}: killed by signal {-done.returncode}\n{done.stderr.decode()[-2000:]}"
        return done

    def index(self, *options):
        done = self.run("index", "--json", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return valid(json.loads(done.stdout), "index")

    def ask(self, command, *arguments, code=0):
        done = self.run(command, *arguments, "--json")
        assert done.returncode == code, (command, arguments, done.returncode, done.stdout[:2000], done.stderr)
        answer = json.loads(done.stdout)
        main = {"what-implements": "who-implements"}.get(command, command)
        return valid(answer, main if code == 0 else "failure" if "results" in answer else "error")

    def rows(self, command, *arguments):
        return self.ask(command, *arguments)["results"]

    def paths(self, command, *arguments):
        return sorted(r["path"] for r in self.rows(command, *arguments))

    def export(self, *options):
        done = self.run("export", *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def graph(self, *options):
        """The export as (meta, nodes by id, edges)."""
        lines = [json.loads(line) for line in self.export(*options).splitlines()]
        nodes = {x["id"]: x for x in lines if x["t"] == "node"}
        return lines[0], nodes, [x for x in lines if x["t"] == "edge"]

    def nodes(self, **want):
        return [n for n in self.graph()[1].values() if all(n[k] == v for k, v in want.items())]

    def local_paths(self):
        return sorted(n["path"] for n in self.nodes(external=False))

    def edges(self, kind=None):
        _, nodes, edges = self.graph()
        return sorted({(nodes[e["from"]]["path"], e["kind"], nodes[e["to"]]["path"]) for e in edges if kind in (None, e["kind"])})

    def write(self, files):
        write_files(self.folder, files)


@pytest.fixture
def workspace(tmp_path):
    def make(files, name="workspace"):
        made = Workspace(tmp_path / name, files)
        made.index()
        return made
    return make


@pytest.fixture
def crate(workspace):
    """One library crate `demo` of the given text (or files), indexed."""
    def make(text="", *, name="workspace", **files):
        named = {key.replace("__", "/") + ".rs": value for key, value in files.items()}
        return workspace({"Cargo.toml": package("demo"), "src/lib.rs": text, **named}, name)
    return make


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo workspace, indexed once; tests only ask."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    shutil.copytree(DEMO, folder)
    made = Workspace(folder)
    made.index()
    return made


@pytest.fixture
def demo_copy(tmp_path):
    """The demo workspace of one's own, not indexed."""
    def make(name="demo"):
        shutil.copytree(DEMO, tmp_path / name)
        return Workspace(tmp_path / name)
    return make
