"""Calls, implementations and uses of two real crates held against rustc, so that a change that makes answers wrong is seen before
`make bench-accuracy` runs over all of them."""
import json
import os
import shutil
import subprocess
import sys

import pytest

from conftest import BIN, ROOT

# of what was reached, a little below: what was chosen once has to stay chosen
LEAST = {
    "semver": {"calls local": 0.995, "implements all": 0.999, "uses all": 0.98},
    "tokio": {"calls local": 0.995, "implements all": 0.999, "uses all": 0.98},
}


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    missing = [tool for tool in ("cargo", "rustc") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"no {' and '.join(missing)}: nothing to hold the answers against")
    out = tmp_path_factory.mktemp("accuracy") / "figures.json"
    environment = {k: v for k, v in os.environ.items() if k not in ("CARGO_HOME", "XDG_CACHE_HOME")}
    done = subprocess.run([sys.executable, ROOT / "bench/accuracy/run.py", "--binary", BIN, *(f"--crate={c}" for c in LEAST)],
                          env={**environment, "OUT": str(out)}, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return {name.rsplit("-", 1)[0]: row["figures"] for name, row in json.loads(out.read_text())["crates"].items()}


@pytest.mark.parametrize("crate", LEAST)
def test_what_rustc_says(figures, crate):
    for figure, least in LEAST[crate].items():
        assert figures[crate][figure]["f1"] >= least, (crate, figure, figures[crate][figure])
    exact = [v for k, v in figures[crate].items() if "exact" in k and "local" in k]
    assert all(v["precision"] >= 0.99 for v in exact if v.get("ours"))
