"""What the daemon tells of itself: times, memory, warnings; as Prometheus and as a service manager read it."""
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conftest import BIN, valid
from prometheus_client.parser import text_string_to_metric_families
from test_daemon import SHAPE, daemon, until  # noqa: F401

ROOT = Path(__file__).parents[2]


def metrics(d):
    done = d.run("stats", "--prometheus")
    assert done.returncode == 0, done.stderr
    return {f.name: f for f in text_string_to_metric_families(done.stdout.decode())}


def values(family):
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for s in family.samples}


def test_prometheus(daemon):  # noqa: F811
    d = daemon()
    text = (d.folder / SHAPE).read_text()
    for n in range(5):
        d.write({SHAPE: text + f"pub fn turn_{n}() {{}}\n"})
        assert d.soon("where-defined", f"turn_{n}")["results"]
    d.ask("blast-radius", "leaf")
    got, status = metrics(d), d.status()
    for name, family in got.items():
        assert name.startswith("parseltongue_") and family.documentation and family.type in ("gauge", "counter", "summary")
    for name in ("nodes", "edges", "files", "generation", "store_bytes"):
        assert values(got[f"parseltongue_{name}"]) == {(f"parseltongue_{name}", ()): status[name]}
    stages = values(got["parseltongue_batch_seconds"])
    for stage, timing in status["stages"].items():
        assert stages["parseltongue_batch_seconds_count", (("stage", stage),)] == timing["count"]
        for quantile, key in (("0.5", "p50_us"), ("0.99", "p99_us"), ("0.999", "p999_us")):
            assert stages["parseltongue_batch_seconds", (("quantile", quantile), ("stage", stage))] == pytest.approx(timing[key] / 1e6)
    asked = values(got["parseltongue_question_seconds"])
    assert asked["parseltongue_question_seconds_count", (("command", "blast-radius"),)] == 1
    assert got["parseltongue_batches"].type == "counter" and values(got["parseltongue_up"]) == {("parseltongue_up", ()): 1}
    assert set(values(got["parseltongue_trigger"]).values()) == {0} and len(values(got["parseltongue_trigger"])) == 2
    d.stop()
    assert {name: values(f) for name, f in metrics(d).items()} == {"parseltongue_up": {("parseltongue_up", ()): 0}}
    assert d.run("doctor", "--prometheus").returncode == 2


def test_waits_are_told_apart(daemon):  # noqa: F811
    d = daemon()
    with d.connect() as c:
        assert d.status()["waits"]["count"] == 0
        for n in range(20):
            d.write({SHAPE: f"pub fn turn_{n}() {{}}\n"})
            assert c.result("where-defined", target=f"turn_{n}", wait=30000)["complete"]
        status = c.result("status")
        assert 0 < status["waits"]["count"] <= 20 and status["questions"]["where-defined"]["count"] == 20
        assert status["answers_incomplete"] == 0 and status["waits"]["p50_us"] > status["questions"]["where-defined"]["p50_us"]


def test_a_write_queue_that_grows_is_warned_of(daemon):  # noqa: F811
    """Saves that come while a batch makes everything anew wait for it: those of a manifest do, every time."""
    d = daemon()
    assert d.status()["triggers"] == [] and valid(d.ask("stats"), "stats")["triggers"] == []
    manifest = (d.folder / "engine/Cargo.toml").read_text()
    text = (d.folder / SHAPE).read_text()
    for n in range(400):
        d.write({"engine/Cargo.toml": manifest + f"# {n}\n"})
        for k in range(3):
            time.sleep(0.004)
            d.write({SHAPE: text + f"pub fn turn_{n}_{k}() {{}}\n"})
        if n % 20 == 19 and d.status()["triggers"]:
            break
    warned = d.status()["triggers"]
    assert [t["name"] for t in warned] == ["write queue"] and warned[0]["p99_us"] > warned[0]["limit_us"] == 5000
    assert "made everything anew" in warned[0]["advice"] and "Cargo.toml changed" in warned[0]["advice"]
    assert valid(d.ask("stats"), "stats")["triggers"][0]["name"] == "write queue"
    for command in (("stats",), ("daemon", "status")):
        shown = d.run(*command).stdout.decode()
        assert "warning" in shown and "made everything anew" in shown
    assert values(metrics(d)["parseltongue_trigger"])["parseltongue_trigger", (("name", "write queue"),)] == 1
    until(lambda: "warning: p99 of how long a save waits" in d.log(), "it is in the log")
    assert "\x1b" not in d.log()


def test_memory_is_given_back(daemon):  # noqa: F811
    d = daemon()
    until(lambda: d.status()["memory"]["session"].get("put aside, on disk"), "what is seldom read is put aside")
    memory = d.status()["memory"]
    assert 1 << 20 < memory["anonymous"] < memory["resident"] and memory["session"]["facts of files"] == 0
    text = (d.folder / SHAPE).read_text()
    for n in range(40):  # it is read again where it is needed, and put aside again
        d.write({SHAPE: text + f"pub fn turn_{n}() {{ turn_{n}() }}\n"})
        assert d.soon("callers", f"turn_{n}")["results"]
    assert d.status()["batches_incremental"] >= 40
    d.same_as_fresh()


def test_a_service_manager_is_told(daemon):  # noqa: F811
    d = daemon(start=False)
    path = d.base / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(60)
        process = subprocess.Popen([BIN, "daemon", "run", "--quiet", "--workspace", str(d.folder)], env={**os.environ, **d.env, "NOTIFY_SOCKET": str(path)})
        try:
            assert manager.recv(100) == b"READY=1"
            assert d.status()["generation"] == 1  # ready is when it answers
            process.terminate()
            assert manager.recv(100) == b"STOPPING=1"
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here to read the unit")
def test_the_unit_is_sound(tmp_path):
    text = (ROOT / "packaging/parseltongue@.service").read_text()
    unit = tmp_path / "parseltongue@.service"
    unit.write_text(text.replace("@BINDIR@", "/bin").replace("/bin/parseltongue daemon run", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True)
    assert done.returncode == 0 and unit.name not in done.stderr, done.stderr
