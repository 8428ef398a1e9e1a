#!/usr/bin/env python3
"""How long the dashboard takes to draw a large neighbourhood, and how it moves, in Chromium with WebGL in software.

  run.py [--tree tokio|library|compiler] [--item PATH] [--out FILE]

Printed: from choosing "4 steps, 5,000 items" to a layout at rest (the question, its transfer and drawing included), frames while it
settles, and frames while the graph is dragged and zoomed.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import sync_playwright

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "live"))
from run import BUILD, PROGRAM, TREES  # noqa: E402

ITEMS = {"tokio": "tokio::runtime::builder::Builder::new", "library": "core::option::Option", "compiler": "rustc_middle::ty::context::TyCtxt"}
WATCH = """() => { window.frames = []; let last = performance.now();
  const tick = () => { const now = performance.now(); frames.push(now - last); last = now; requestAnimationFrame(tick); }; tick();
  document.querySelector('.graph').addEventListener('settled', () => (window.rested = performance.now())); }"""


def frames(page):
    found = sorted(page.evaluate("frames.splice(0)"))
    return {"frames": len(found), "p50_ms": round(found[len(found) // 2], 1), "p95_ms": round(found[int(len(found) * 0.95)], 1), "worst_ms": round(found[-1], 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", default="tokio", choices=ITEMS)
    parser.add_argument("--item")
    parser.add_argument("--out")
    options = parser.parse_args()
    tree = os.path.join(BUILD, "bench", "trees", TREES[options.tree])
    base = tempfile.mkdtemp(prefix="ptb-", dir="/tmp")
    environment = {**os.environ, "XDG_RUNTIME_DIR": base, "XDG_STATE_HOME": base + "/state"}

    def run(*arguments):
        return subprocess.run([PROGRAM, *arguments, "--workspace", tree, "--store", f"native:{base}/store"], env=environment, check=True, capture_output=True, text=True).stdout
    try:
        run("index")
        url = json.loads(run("serve", "--json"))["url"]
        with sync_playwright() as p:
            browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"])
            page = browser.new_page(viewport={"width": 1360, "height": 860})
            page.goto(f"{url}/#/item?path={options.item or ITEMS[options.tree]}")
            page.wait_for_selector(".graph[data-settled=true]", timeout=60000)
            page.select_option("#limit", "5000")
            page.wait_for_timeout(500)
            page.wait_for_selector(".graph[data-settled=true]", timeout=60000)
            page.evaluate(WATCH)
            begun = page.evaluate("performance.now()")
            page.select_option("#depth", "4")
            while not page.evaluate("window.rested || 0"):
                time.sleep(0.1)
            result = page.evaluate("(() => { const d = document.querySelector('.graph').dataset; return {items: Number(d.nodes), pairs: Number(d.edges)}; })()")
            result["rest_ms"] = round(page.evaluate("rested") - begun)
            result["settling"] = frames(page)
            page.wait_for_timeout(1000)
            frames(page)
            box = page.locator(".canvas").bounding_box()
            x, y = box["x"] + 300, box["y"] + 300
            page.mouse.move(x, y)
            page.mouse.down()
            for i in range(60):
                page.mouse.move(x + i * 4, y + i * 2)
            page.mouse.up()
            for i in range(20):
                page.mouse.wheel(0, -100 if i % 2 else 120)
                page.wait_for_timeout(16)
            result["moving"] = frames(page)
            browser.close()
    finally:
        subprocess.run([PROGRAM, "daemon", "stop", "--workspace", tree, "--store", f"native:{base}/store"], env=environment, capture_output=True, check=False)
        shutil.rmtree(base, ignore_errors=True)
    print(f"{options.tree}: {result['items']:,} items, {result['pairs']:,} pairs: at rest after {result['rest_ms']:,} ms")
    for what in ("settling", "moving"):
        print(f"  frames while {what}: {result[what]}")
    if options.out:
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)


main()
