"""Code dumps give what the files on disk give; only the files' places in time may differ."""
import json

import pytest
from conftest import Workspace, package, valid

LINE = "=" * 48


def separated(files, preamble="A project\n├── src\n└── Cargo.toml\n\n", newline="\n"):
    return newline.join([preamble] + [f"{LINE}{newline}FILE: {name}{newline}{LINE}{newline}{text}" for name, text in files.items()]).encode()


def bare(files):
    return "".join(f"FILE: {name}\n{text}\n" for name, text in files.items()).encode()


def texts(folder):
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file() and ".parseltongue" not in p.parts}


class Dump(Workspace):
    def take(self, raw, stdin=False):
        path = self.folder / "dump.txt"
        path.write_bytes(raw)
        self.uri = f"sqlite:{self.folder}/dump.db"
        done = self.run("index", "-" if stdin else path, "--json", "--store", self.uri, stdin=raw if stdin else None)
        assert done.returncode == 0, done.stdout + done.stderr
        self.report = valid(json.loads(done.stdout), "index")
        return self

    def export(self, *options):
        return super().export("--store", self.uri, *options)


@pytest.mark.parametrize("form", ["separated", "bare", "stdin", "crlf separators"])
def test_a_dump_is_its_files(demo, tmp_path, form):
    files = texts(demo.folder)
    raw = bare(files) if form == "bare" else separated(files)
    made = Dump(tmp_path / "dump").take(raw, stdin=form == "stdin")
    assert made.report["files"] == 11
    assert made.export("--candidates") == demo.export("--candidates")


def test_answers_from_a_dump_are_complete(demo, tmp_path):
    made = Dump(tmp_path / "dump").take(separated(texts(demo.folder)))
    answer = made.ask("callers", "Joiner::join", "--store", made.uri)
    assert answer["complete"] and [r["path"] for r in answer["results"]] == ["demo_core::homonyms::own_join"]


def test_a_file_line_inside_content_is_content(tmp_path):
    files = {"Cargo.toml": package("demo"), "src/lib.rs": '/*\nFILE: src/other.rs\n*/\npub fn real() {}\npub const S: &str = "\nFILE: x.rs\n";\npub fn after() {}\n'}
    made = Dump(tmp_path / "dump").take(separated(files))
    assert made.local_paths() == ["demo", "demo::S", "demo::after", "demo::real"]
    disk = Workspace(tmp_path / "disk", files)
    disk.index()
    assert made.export() == disk.export()


def test_symlinks_have_the_content_of_another(tmp_path):
    files = {"Cargo.toml": package("demo"), "src/lib.rs": "pub mod a;\npub mod b;\n", "src/a.rs": "pub fn f() {}\n"}
    raw = separated(files) + f"\n{LINE}\nSYMLINK: src/b.rs -> a.rs\n{LINE}\n".encode()
    made = Dump(tmp_path / "dump").take(raw)
    assert made.local_paths() == ["demo", "demo::a", "demo::a::f", "demo::b", "demo::b::f"]


def test_bad_paths_and_duplicates_do_no_harm(tmp_path):
    files = {"Cargo.toml": package("demo"), "src/lib.rs": "pub fn first() {}\n", "../../etc/passwd.rs": "pub fn out() {}\n", "/abs.rs": "pub fn abs() {}\n", "": "x\n"}
    raw = separated(files) + separated({"src/lib.rs": "pub fn second() {}\n"}, preamble="")
    made = Dump(tmp_path / "dump").take(raw)
    assert made.local_paths() == ["demo", "demo::first"]


def test_loose_files_of_a_dump(tmp_path):
    made = Dump(tmp_path / "dump").take(separated({"main.rs": "mod util;\nfn main() { util::go() }\n", "util.rs": "pub fn go() {}\n"}))
    assert len(made.nodes(name="go")) == 1 and len(made.nodes(name="main", kind="fn")) == 1


@pytest.mark.parametrize("raw", [b"", b"no files here\n", b"\0\1\2\3" * 100, b"FILE:\n", LINE.encode() + b"\nFILE: \n" + LINE.encode() + b"\n"])
def test_what_is_no_dump_is_told(tmp_path, raw):
    made = Workspace(tmp_path / "dump")
    (made.folder / "dump.txt").write_bytes(raw)
    done = made.run("index", "dump.txt", "--store", f"sqlite:{made.folder}/dump.db")
    assert done.returncode == 4 and done.stderr


def test_a_cut_dump_keeps_what_is_whole(demo, tmp_path):
    raw = separated(texts(demo.folder))
    for part in (0.3, 0.6, 0.9):
        made = Dump(tmp_path / f"dump{part}")
        made.take(raw[:int(len(raw) * part)])
        for line in made.export().splitlines():
            valid(json.loads(line), "export")
