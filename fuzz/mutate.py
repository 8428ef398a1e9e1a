#!/usr/bin/env python3
"""Indexes crates made of mutated real Rust files; tells crashes, sanitizer reports and what takes too long.

mutate.py BINARY FOLDER_OF_CRATES [--minutes N] [--seed N] [--limit SECONDS] [--keep DIR]
"""
import argparse
import collections
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import tempfile
import time

TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|r\#*"[^"]*"\#*|b?"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'|'\w+|\w+|::|->|=>|\.\.=?|[<>=!+\-*/%&|^]=|&&|\|\||\s+|.""", re.S | re.X)
CLOSE = {"(": ")", "[": "]", "{": "}"}
KEYWORDS = set("as async await box break const continue crate dyn else enum extern false fn for if impl in let loop macro_rules match mod "
               "move mut pub ref return self Self static struct super trait true type union unsafe use where while".split())
LINES = 2000
TRAPS = [  # what refers to itself in one way or another; {0} and {1} are identifiers of the file
    "type {0} = Option<{1}>; type {1} = Result<{0}, {0}>;",
    "trait Zt {{ type Za: Zt; fn zm(&self) -> Self::Za; }} impl<T: Zt> Zt for Option<T> {{ type Za = <Option<Option<T>> as Zt>::Za; fn zm(&self) -> Self::Za {{ loop {{}} }} }} "
    "fn zf<T: Zt>(t: T) where T::Za: Zt<Za = T>, <T::Za as Zt>::Za: Zt {{ t.zm().zm().zm().{0}(); Some(Some(t)).zm().{1}(); }}",
    "trait Zx {{ fn zx(&self) {{}} }} trait Zy {{ fn zy(&self) {{}} }} impl<T: Zy> Zx for T {{}} impl<T: Zx> Zy for T {{}} impl Zx for {0} {{}} fn zb<T: Zx>(a: {0}, b: T) {{ a.zy(); b.zy(); a.zx(); }}",
    "macro_rules! {0} {{ ($($x:tt)*) => {{ {1}!($($x)* $($x)* 1) }} }} macro_rules! {1} {{ ($($x:tt)*) => {{ {{ {0}!($($x)*); {0}!($($x)*) }} }} }} fn zr() {{ {0}!(a b); }}",
    "impl std::ops::Deref for {0} {{ type Target = {1}; fn deref(&self) -> &{1} {{ loop {{}} }} }} impl std::ops::Deref for {1} {{ type Target = {0}; fn deref(&self) -> &{0} {{ loop {{}} }} }}",
    "impl<T> std::ops::Add<T> for {0} {{ type Output = <T as std::ops::Add<{0}>>::Output; fn add(self, o: T) -> Self::Output {{ o + self }} }} impl std::ops::Add<{0}> for {1} {{ type Output = <{0} as std::ops::Add<{1}>>::Output; }}",
    "trait Zs: Zu<Self> {{ fn zs(&self) -> Self; }} trait Zu<T: Zs>: Zs {{ fn zu(&self) -> T; }} fn zv<T: Zs + Zu<{0}>>(t: T) {{ t.zs().zu().zs().{1}(); }}",
    "impl Iterator for {0} {{ type Item = <{1} as Iterator>::Item; }} impl Iterator for {1} {{ type Item = <{0} as IntoIterator>::Item; }} fn zi(a: {0}) {{ for x in a {{ x.{1}(); }} }}",
]


def tree_end(tokens, at):
    """Behind the token tree at `at`."""
    want = CLOSE.get(tokens[at])
    depth = 0
    while want and at < len(tokens):
        depth += (tokens[at] in CLOSE) - (tokens[at] in CLOSE.values())
        at += 1
        if not depth:
            return at
    return at + 1 if not want else at


def mutate(rng, tokens, names, bodies):
    spots = [i for i, t in enumerate(tokens) if not t.isspace() and not t.startswith(("//", "/*"))]
    if len(spots) < 3:
        return
    at, other = rng.choice(spots), rng.choice(spots)
    a, b = tree_end(tokens, at), tree_end(tokens, other)
    kind = rng.randrange(14)
    identifiers = [i for i in spots if re.match(r"[A-Za-z_]\w*$", tokens[i]) and tokens[i] not in KEYWORDS]
    if kind == 0:
        tokens[at], tokens[other] = tokens[other], tokens[at]
    elif kind == 1:
        del tokens[at:a]
    elif kind == 2:
        tokens[at:at] = tokens[at:a] * rng.choice([1, 1, 2, 20])
    elif kind == 3 and a <= other:
        tokens[at:b] = tokens[other:b] + tokens[a:other] + tokens[at:a]
    elif kind == 4:
        tokens[at:at] = tokens[other:b]
    elif kind in (5, 6) and identifiers:
        tokens[rng.choice(identifiers)] = rng.choice(names)
    elif kind == 7 and identifiers:  # one name for all of another
        old, new = tokens[rng.choice(identifiers)], rng.choice(names)
        tokens[:] = [new if t == old else t for t in tokens]
    elif kind == 8 and bodies:  # the body of another fn
        blocks = [i for i in spots if tokens[i] == "{"]
        if blocks:
            at = rng.choice(blocks)
            tokens[at:tree_end(tokens, at)] = rng.choice(bodies)
    elif kind == 9:  # deeper
        n = rng.choice([2, 10, 40, 200])
        name = rng.choice(names)
        before, after = rng.choice([(f"{name}(", ")"), (f"{name}!(", ")"), ("(|a| ", ")"), ("{ let x = ", "; x }"), ("vec![", "]"), ("&*", ""), ("Some(", ")"),
                                    ("if let Some(x) = ", " { x } else { y }"), ("(", f", {name})"), ("format!(\"{}\", ", ")")])
        tokens[at:a] = [before * n, *tokens[at:a], after * n]
    elif kind == 10:
        step = rng.choice([f".{rng.choice(names)}()", ".clone()", ".into()", "?", ".map(|x| x)", f".{rng.choice(names)}", "[0]", ".await", f" + {rng.choice(names)}", " as u8",
                           f".{rng.choice(names)}(|x| x.{rng.choice(names)}())", "::Item", f"::{rng.choice(names)}"])
        tokens.insert(a, step * rng.choice([1, 3, 30, 150]))
    elif kind == 11 and identifiers:
        at, n = rng.choice(identifiers), rng.choice([1, 3, 12])
        wrap = rng.choice(["Option<", "Vec<", "Box<dyn Fn() -> ", "(u8, ", "&mut &", "impl Iterator<Item = ", "<", f"{rng.choice(names)}<"])
        end = {"(": ")", "&": ""}.get(wrap[0], " as Iterator>::Item" if wrap == "<" else ">")
        tokens[at] = wrap * n + tokens[at] + end * n
    elif kind == 12 and identifiers:
        x = tokens[rng.choice(identifiers)]
        tokens[at:at] = [f" ({', '.join([x] * rng.choice([2, 8, 16]))}) "]
    elif kind == 13:
        tokens.append("\n" + rng.choice(TRAPS).format(rng.choice(names), rng.choice(names)) + "\n")


def make(rng, files):
    parts, bodies = [], []
    while not parts or rng.random() < 0.4:
        text = rng.choice(files).read_text(errors="replace")
        if text.count("\n") < LINES:
            parts.append([t for t in TOKEN.findall(text)])
    for tokens in parts:
        blocks = [i for i, t in enumerate(tokens) if t == "{"]
        bodies += [tokens[i:tree_end(tokens, i)] for i in rng.sample(blocks, min(12, len(blocks)))]
    tokens = [t for part in parts for t in part]
    names = list({t for t in tokens if re.match(r"[A-Za-z_]\w*$", t) and t not in KEYWORDS}) or ["x"]
    for _ in range(rng.choice([1, 3, 10, 30, 100])):
        mutate(rng, tokens, names, bodies)
    return "\n".join("".join(tokens)[:400000].split("\n")[:LINES])


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("binary")
    p.add_argument("crates", type=pathlib.Path)
    p.add_argument("--minutes", type=float, default=5)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--limit", type=float, default=10)
    p.add_argument("--memory", type=int, default=1500, help="megabytes")
    p.add_argument("--slow", type=float, default=2, help="seconds from which a crate is told")
    p.add_argument("--keep", type=pathlib.Path, default=pathlib.Path("build/mutated"))
    o = p.parse_args()
    files = sorted(f for f in o.crates.rglob("*.rs") if 200 < f.stat().st_size < 90000)
    env = dict(os.environ, ASAN_OPTIONS=f"exitcode=99:hard_rss_limit_mb={o.memory}", UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:exitcode=98")
    seen, end, seed = collections.Counter(), time.time() + o.minutes * 60, o.seed
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "c/src").mkdir(parents=True)
        (root / "c/Cargo.toml").write_text('[package]\nname = "mutated"\nversion = "0.1.0"\nedition = "2021"\n')
        while time.time() < end:
            seed += 1
            (root / "c/src/lib.rs").write_text(make(random.Random(seed), files))
            start = time.time()
            try:
                done = subprocess.run([o.binary, "index", str(root / "c"), "--store", f"sqlite:{root}/x.db", "--rebuild", "--threads", "2"],
                                      capture_output=True, text=True, errors="replace", timeout=o.limit, env=env, preexec_fn=limits, check=False)
                verdict = "ok" if done.returncode == 0 else f"exit {done.returncode}"
                told = done.stderr
            except subprocess.TimeoutExpired:
                verdict, told = "timeout", ""
            took = time.time() - start
            if verdict == "ok" and took > o.slow:
                verdict = "slow"
            seen[verdict] += 1
            if verdict != "ok":
                kept = o.keep / str(seed)
                shutil.copytree(root / "c", kept, dirs_exist_ok=True)
                (kept / "told.txt").write_text(told)
                print(f"{verdict}: {kept}, {took:.1f} s {told[:300]}", flush=True)
    print(f"{sum(seen.values())} crates: {dict(seen)}")


if __name__ == "__main__":
    main()
