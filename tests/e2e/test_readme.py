"""The README's five minutes, line by line, as a newcomer would type them."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import BIN, DEMO, ROOT

BLOCK = re.search(r"## Five minutes\n[\s\S]*?\n\n((?:    [^\n]*\n)+)", (ROOT / "README.md").read_text()).group(1)
LINES = [line.strip() for line in BLOCK.splitlines()]


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(DEMO, folder / "workspace")
    for name in ("run", "state"):
        (folder / name).mkdir(mode=0o700)
    environment = {**os.environ, "PATH": f"{Path(BIN).parent}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(folder / "run"),
                   "XDG_STATE_HOME": str(folder / "state")}

    def run(line):
        return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=folder / "workspace", env=environment, capture_output=True, text=True,
                              timeout=60)
    yield run
    run("parseltongue daemon stop")


def test_every_line(newcomer):
    assert len(LINES) > 6
    said = {}
    for line in LINES:
        done = newcomer(line)
        assert done.returncode == (124 if line.startswith("timeout") else 0), (line, done.stdout, done.stderr)
        said[line.split("#")[0].strip()] = done.stdout
    by_word = {word: next(text for line, text in said.items() if word in line) for word in ("explore", "curl", "mcp", "serve   ", "stop") if any(word in line for line in said)}
    assert "impl" in by_word["explore"]
    assert json.loads(by_word["curl"])["complete"] in (True, False)
    assert json.loads(by_word["mcp"])["result"]["serverInfo"]["name"] == "parseltongue"
    assert by_word["stop"].strip() == "stopped"
