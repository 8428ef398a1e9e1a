"""The bound of tokens (src/query/tokens.h) held against the two published vocabularies it is stated for."""
import glob
import json
import os
import random
import subprocess
from pathlib import Path

import bpe_openai
import pytest

from conftest import BIN, ROOT

TOOL = Path(BIN).with_name("pt-tokens")
VOCABULARIES = [bpe_openai.get_encoding(name) for name in ("o200k_base", "cl100k_base")]
SEED = int(os.environ.get("SEED", "1"))


def bounds(texts):
    done = subprocess.run([TOOL], input=b"".join(t.encode() + b"\0" for t in texts), capture_output=True, check=True)
    numbers = [int(line) for line in done.stdout.split()]
    assert len(numbers) == len(texts)
    return numbers


def real(text):
    return max(len(v.encode(text)) for v in VOCABULARIES)


@pytest.mark.parametrize("text, tokens", [
    ("", 0), ("fn", 1), ("TcpStream", 3), ("poll_read_priv", 5), ("0x1F", 4), ("    let x", 3), ("a::b", 4), ("1234", 2),
    ("é", 2), ("\n\n", 1), ("HTTP", 2), ("xyzzy", 1), ("bcdfg", 3), (" 12", 2), ("$x", 2)])
def test_the_rule(text, tokens):
    assert bounds([text]) == [tokens]


def windows(paths, count, seed):
    chosen = random.Random(seed)
    found = []
    for path in chosen.sample(paths, min(len(paths), count)):
        text = Path(path).read_bytes()
        for at in range(0, max(1, len(text) - 2000), 16000):
            found.append(text[at:at + 2000].decode("utf-8", "ignore").replace("\0", ""))
    return [w for w in found if len(w) > 300]


def test_it_is_above_both_over_real_rust():
    paths = sorted(glob.glob("/usr/src/rustc-*/library/**/*.rs", recursive=True))
    assert len(paths) > 500, "Debian's rust-src is not installed"
    print("seed", SEED)
    texts = windows(paths, 400, SEED)
    assert len(texts) > 300
    ratios = sorted((bound / real(text), text) for text, bound in zip(texts, bounds(texts)))
    assert ratios[0][0] >= 1, ratios[0]
    assert ratios[len(ratios) // 2][0] < 1.5  # and no more than it has to be


def test_it_is_above_both_over_our_answers(demo):
    """Text, markdown, JSON with hashes, other scripts in docs."""
    texts = [demo.export()[:20000], json.dumps(json.loads(demo.run("overview", "--json").stdout))]
    for command in (["context", "Shape"], ["explore", "who implements Shape"], ["list"], ["find-cycles"], ["doctor"]):
        for options in ([], ["--json"]):
            texts.append(demo.run(*command, *options).stdout.decode())
    texts.append((ROOT / "docs/architecture.md").read_text())
    texts.append("// Привет, мир\n/// 安全な参照 😀\nfn главная() {}\n" * 20)
    for text, bound in zip(texts, bounds(texts)):
        assert bound >= real(text), text[:300]
