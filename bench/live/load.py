#!/usr/bin/env python3
"""The daemon under load: a checkout, questions while edits flow, a workspace of many files.

  load.py [--only checkout,flow,many] [--trees tokio,compiler] [--seconds N] [--files N] [--seed S] [--out FILE]

checkout  1,000 files of a tree (all, if there are fewer) get a line at their end in one go while .git/index.lock exists, as git does
          it, and then lose it again: once a comment, once a new fn. Told: generations that took, and the time from the last close()
          to the complete answer. git's lock is removed after that close.
flow      one process saves a body every 20 ms, another asks point questions over a connection of its own, one after the other, each
          answered at once (`wait` 0) and made anew (`--cache 0`). The clock runs from before the request is written until its answer's line
          is read, in Python; `ping`, asked in turn with the others, is what no question can go below.
many      a generated crate of 2,000 folders with 12 small files each: a first index, the daemon's start on what it left until it
          answers, until a save costs what it changes, memory, folders watched, and 100 bodies saved.
"""
import argparse
import gc
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import tempfile
import time

from run import EDITS, PROGRAM, Daemon, Tree, edited, of, ready, stop
from edits import FN, read, write  # tests/, which run.py has put on the path

CHECKOUT, GENERATIONS = 1000, 10  # files; the bar
LINES = {"a comment": "// checkout %d\n", "a new fn": "pub fn pt_checkout_%d() -> Option<u32> { Some(1) }\n"}
PACE_S, PLACES, BAR_US = 0.02, 50, 500
FOLDERS, A_FOLDER, SAVES = 2000, 12, 100
QUESTIONS = {
    "tokio": [("callers", {"target": "tokio::sync::batch_semaphore::Semaphore::release"}), ("who-implements", {"target": "tokio::io::async_read::AsyncRead"}),
              ("blast-radius", {"target": "tokio::sync::batch_semaphore::Semaphore::release", "depth": 3}), ("where-defined", {"target": "AsyncRead"})],
    "compiler": [("callers", {"target": "rustc_middle::ty::context::TyCtxt::bound_type_of"}), ("who-implements", {"target": "rustc_middle::ty::fold::TypeFolder"}),
                 ("blast-radius", {"target": "rustc_lint::context::LintStore::register_lints", "depth": 3}), ("where-defined", {"target": "LintStore"})]}


def seen(daemon, since):
    """-> milliseconds until everything saved is in an answer."""
    answer = daemon.call("stats", {"wait": 600000})
    milliseconds = (time.perf_counter() - since) * 1e3
    return milliseconds if answer["complete"] else stop(f"a save was not seen: {answer['stale']}")


# ---- checkout


def switched(daemon, tree, texts):
    """All of them written in one go."""
    before, lock = daemon.call("status"), tree.folder + "/.git/index.lock"
    with open(lock, "wb"):
        pass
    begun = time.perf_counter()
    for path, text in texts.items():
        write(path, text)
    closed = time.perf_counter()
    os.unlink(lock)
    milliseconds = seen(daemon, closed)
    after = daemon.call("status")
    return {"files": len(texts), "written_ms": (closed - begun) * 1e3, "ms": milliseconds, "generations": after["generation"] - before["generation"],
            "batches": after["batches"] - before["batches"],
            "whole": after["batches"] - before["batches"] - (after["batches_incremental"] - before["batches_incremental"])}


def checkout(name, options, work):
    rng, rows = random.Random(options.seed), []
    tree = edited(name, work)
    os.makedirs(tree.folder + "/.git", exist_ok=True)
    with Daemon(tree.folder, work + "/run") as daemon:
        for what, line in LINES.items():
            ready(daemon, tree, rng)
            sources = tree.sources()
            old = {path: read(path) for path in rng.sample(sources, min(options.files, len(sources)))}
            new = {path: text + line.replace("%d", str(number)) for number, (path, text) in enumerate(old.items())}
            for way, texts in (("there", new), ("back", old)):
                rows.append({"line": what, "way": way, **switched(daemon, tree, texts)})
    print(f"{name}: a checkout {'':31} from the last close to the complete answer; bar: {GENERATIONS} generations")
    for row in rows:
        verdict = "ok" if row["generations"] <= GENERATIONS else "miss"
        print(f"    {row['files']:,} files, {row['line']:9} {row['way']:5}   {row['generations']:2} generations, {row['whole']} made anew   {row['ms']:9.1f} ms   "
              f"(written in {row['written_ms']:.0f} ms)   {verdict}")
    return rows


# ---- flow


def places_of(tree, rng):
    """Bodies of fns: path, text up to its beginning, text from there on."""
    found, sources = [], tree.sources()
    while len(found) < PLACES:
        path = rng.choice(sources)
        text = read(path)
        matches = list(FN.finditer(text))
        if matches and path not in [place[0] for place in found]:
            at = rng.choice(matches).end()
            found.append((path, text[:at], text[at:]))
    return found


def keep_saving(places, seconds, saved):
    """A process of its own: what it computes is not to be waited for by who asks."""
    start = time.perf_counter()
    for number in range(int(seconds / PACE_S)):
        time.sleep(max(0, start + number * PACE_S - time.perf_counter()))
        path, before, after = places[number % len(places)]
        write(path, f"{before}    let _ = {number};\n{after}")
        saved.value = number + 1


def asked(connection, questions, saver):
    """-> microseconds of each answer, by question, and the share of answers that a save is missing from, as they say."""
    times, old, answers = {method: [] for method, _ in questions}, 0, 0
    while saver.is_alive():
        for method, params in questions:
            start = time.perf_counter()
            line = connection.ask(method, params)
            times[method].append((time.perf_counter() - start) * 1e6)
            if b'"error":' in line and "error" in json.loads(line):
                stop(f"{method}: {line.decode()}")
            answers += method != "ping"
            old += b'"complete":false' in line
    return times, old / max(answers, 1)


def flow(name, options, work):
    rng = random.Random(options.seed)
    tree = edited(name, work)
    with Daemon(tree.folder, work + "/run", "--cache", "0") as daemon:
        ready(daemon, tree, rng)
        questions = [("ping", {})] + [(method, {**params, "wait": 0}) for method, params in QUESTIONS[name]]
        rows = {method: len(daemon.call(method, params)["results"]) for method, params in questions[1:]}
        saved, connection = multiprocessing.Value("i", 0), daemon.connect()
        saver = multiprocessing.Process(target=keep_saving, args=(places_of(tree, rng), options.seconds, saved))
        before = daemon.call("status")
        gc.disable()
        saver.start()
        times, old = asked(connection, questions, saver)
        gc.enable()
        saver.join()
        seen(daemon, time.perf_counter())
        after = daemon.call("status")
        connection.close()
    batches, incremental = (after[key] - before[key] for key in ("batches", "batches_incremental"))
    found = {method: {"count": len(t), "rows": rows.get(method), "p50_us": of(t, 50), "p99_us": of(t, 99), "p999_us": of(t, 99.9)} for method, t in times.items()}
    print(f"{name}: questions while edits flow   {saved.value} bodies saved in {options.seconds} s, {batches} batches, {batches - incremental} made anew; "
          f"{100 * old:.0f} % of the answers said that a save is not in them; bar: p99 {BAR_US} us")
    for method, row in found.items():
        verdict = "the floor" if method == "ping" else "ok" if row["p99_us"] <= BAR_US else "miss"
        size = "" if row["rows"] is None else f"{row['rows']} rows"
        print(f"    {method:16} {size:9} {row['count']:7} asked   p50 {row['p50_us']:7.0f}   p99 {row['p99_us']:7.0f}   p999 {row['p999_us']:7.0f} us   {verdict}")
    return {"saves": saved.value, "batches": batches, "whole": batches - incremental, "incomplete": old, "questions": found}


# ---- many


def generate(folder):
    """One crate: each folder a module, each file in it one more, and calls between neighbours."""
    texts = {"Cargo.toml": "[package]\nname = \"many\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
             "src/lib.rs": "pub trait Job {\n    fn run(&self) -> u32;\n}\n" + "".join(f"pub mod m{n};\n" for n in range(FOLDERS))}
    for n in range(FOLDERS):
        texts[f"src/m{n}/mod.rs"] = "".join(f"pub mod f{k};\n" for k in range(A_FOLDER - 1)) + "pub fn first() -> u32 {\n    f0::next()\n}\n"
        for k in range(A_FOLDER - 1):
            texts[f"src/m{n}/f{k}.rs"] = (f"use crate::Job;\n#[derive(Clone)]\npub struct Thing {{\n    pub size: u32,\n}}\nimpl Job for Thing {{\n    fn run(&self) -> u32 {{\n"
                                          f"        self.size + {k}\n    }}\n}}\npub fn make() -> Thing {{\n    Thing {{ size: {n} }}\n}}\n"
                                          f"pub fn next() -> u32 {{\n    crate::m{(n + 1) % FOLDERS}::f{k}::make().run()\n}}\n")
    for path, text in texts.items():
        os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
        write(f"{folder}/{path}", text)


def many(options, work):
    rng, times = random.Random(options.seed), []
    os.makedirs(work + "/run", mode=0o700)
    generate(work + "/tree")
    tree = Tree(work + "/tree")
    begun = time.perf_counter()
    done = subprocess.run([PROGRAM, "index", tree.folder, "--no-daemon", "--quiet"], capture_output=True, text=True)
    if done.returncode:
        stop(f"index: exit {done.returncode}: {done.stderr}")
    started = time.perf_counter()
    with Daemon(tree.folder, work + "/run") as daemon:
        answers = time.perf_counter()
        while not daemon.call("status")["memory"]["session"]:
            time.sleep(0.05)
        kept, before = time.perf_counter(), daemon.call("status")
        for _ in range(SAVES):
            EDITS["body"](rng, tree)
            times.append(seen(daemon, time.perf_counter()))
        status = daemon.call("status")
        told = json.loads(daemon.command("daemon", "status", "--json"))
    row = {"files": status["files"], "edges": status["edges"], "index_ms": (started - begun) * 1e3, "start_ms": (answers - started) * 1e3,
           "session_ms": (kept - started) * 1e3, "resident_mb": told["memory"]["resident"] / 1e6, "anonymous_mb": told["memory"]["anonymous"] / 1e6,
           "folders_watched": told["folders_watched"], "folders_unwatched": told["folders_unwatched"], "p50_ms": of(times, 50), "p99_ms": of(times, 99),
           "batches": status["batches"] - before["batches"], "incremental": status["batches_incremental"] - before["batches_incremental"]}
    print(f"many files: {row['files']:,} in {FOLDERS:,} folders, {row['edges']:,} edges")
    print(f"    a first index                                        {row['index_ms']:9.0f} ms\n"
          f"    daemon start to complete answers, the index there    {row['start_ms']:9.0f} ms\n"
          f"    … until a save costs what it changes                 {row['session_ms']:9.0f} ms\n"
          f"    resident after {SAVES} saves, of it no file's            {row['resident_mb']:9.0f} MB {row['anonymous_mb']:9.0f} MB\n"
          f"    folders watched, unwatched                           {row['folders_watched']:9,}    {row['folders_unwatched']:9,}\n"
          f"    a body saved to its answer, p50, p99                 {row['p50_ms']:9.2f} ms {row['p99_ms']:9.2f} ms   "
          f"{row['batches'] - row['incremental']} of {row['batches']} batches made everything anew")
    return row


def in_folder(measure, *arguments):
    work = tempfile.mkdtemp(prefix="load-")
    try:
        return measure(*arguments, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="checkout,flow,many")
    parser.add_argument("--trees", default="tokio,compiler")
    parser.add_argument("--seconds", type=int, default=20, help="that edits flow")
    parser.add_argument("--files", type=int, default=CHECKOUT, help="of a checkout")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    parts, results = options.only.split(","), {}
    for name in options.trees.split(",") if "checkout" in parts or "flow" in parts else []:
        results[name] = {part: in_folder(measure, name, options) for part, measure in (("checkout", checkout), ("flow", flow)) if part in parts}
    if "many" in parts:
        results["many"] = in_folder(many, options)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
