"""The dashboard in a real Chromium: what a person sees and presses."""
import contextlib
import re
import shutil

import pytest
from conftest import valid
from playwright.sync_api import expect, sync_playwright
from test_daemon import Daemon, daemon  # noqa: F401  (a fixture)
from test_http import Served

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ITEM = "/#/item?path=demo_core::shape::Square"


@pytest.fixture(scope="module")
def chromium():
    assert CHROMIUM, "chromium is missing; scripts/setup.sh --test installs it"
    with sync_playwright() as p:
        # software WebGL: this is no machine with a screen
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"])
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(chromium, url, address="/", allowed=(), **options):
    """A page that must say nothing on the console, fail nowhere, and be no wider than the window."""
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    page = context.new_page()
    said = []
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") and not re.search("GPU stall|WebGL", m.text) else None)
    page.on("pageerror", lambda e: said.append(str(e)))
    page.set_default_timeout(20000)
    page.goto(url + address)
    yield page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    left = [s for s in said if not any(a in s for a in allowed)]
    context.close()
    assert left == []


@pytest.fixture
def served(daemon):  # noqa: F811
    d = daemon()
    d.soon("stats")
    s = Served(d)
    s.daemon = d
    return s


def graph(page):
    expect(page.locator(".graph[data-settled=true]")).to_be_visible()
    return page.locator(".graph").evaluate("g => ({...g.dataset})")


def test_the_page_is_its_own(served):
    status, body, headers = served.open("/")
    assert status == 200 and headers["Content-Type"].startswith("text/html") and b"<title>Parseltongue</title>" in body
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    for path, kind in (("/dashboard.js", "text/javascript"), ("/dashboard.css", "text/css"), ("/favicon.svg", "image/svg+xml")):
        status, body, headers = served.open(path)
        assert status == 200 and headers["Content-Type"].startswith(kind) and len(body) == int(headers["Content-Length"]) > 100
    assert served.open("/", method="HEAD")[1] == b""
    status, _, headers = served.open("/", b"{}")
    assert status == 405 and headers["Allow"] == "GET, HEAD"
    assert served.open("/", Origin="http://evil.example")[0] == 403 and served.open("/", Host="evil.example")[0] == 403
    assert served.open("/dashboard.js/..")[0] == 404 and served.open("/dashboard.js.map")[0] == 404


def test_search_as_one_types_with_keys_alone(chromium, served):
    with opened(chromium, served.url) as page:
        expect(page.get_by_role("heading", name="Crates")).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("squar")
        options = page.get_by_role("option")
        expect(options.first).to_contain_text("Square")
        wanted = [r["path"] for r in served.ask("/api/v1/search?target=squar&limit=12")["results"]]
        assert options.locator("small").all_inner_texts() == wanted
        page.keyboard.press("ArrowDown")
        expect(options.nth(1)).to_have_attribute("aria-selected", "true")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(page.locator(".panel .path")).to_have_text(wanted[0])
        assert page.url.split("#")[1].startswith("/item?path=")
        page.go_back()
        expect(page.get_by_role("heading", name="Crates")).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("no_such_item_qqq")
        expect(page.locator(".results .empty")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".results")).to_be_hidden()
        for key, heading in (("2", "Module"), ("4", "Answered after")):
            page.keyboard.press(key)
            expect(page.get_by_role("columnheader", name=heading, exact=True)).to_be_visible()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_a_neighbourhood_is_drawn_and_walked(chromium, served):
    with opened(chromium, served.url, ITEM) as page:
        answer = served.ask("/api/v1/neighbourhood?target=demo_core::shape::Square&limit=150")
        drawn = graph(page)
        pairs = {(e["from"], e["to"]) for e in answer["edges"] if e["from"] != e["to"]}
        assert int(drawn["nodes"]) == len(answer["results"]) > 5 and int(drawn["edges"]) == len(pairs)
        assert drawn["selected"] == "demo_core::shape::Square"
        # it is no empty canvas
        stage = page.locator(".stage").bounding_box()
        shot = page.screenshot(clip=stage)
        page.evaluate("document.querySelector('.canvas').style.visibility = 'hidden'")
        assert page.screenshot(clip=stage) != shot
        page.evaluate("document.querySelector('.canvas').style.visibility = ''")
        # by keys: to a neighbour, then out from it
        page.locator(".graph").focus()
        page.keyboard.press("n")
        page.keyboard.press("Enter")
        expect(page.locator(".graph:not([data-selected='demo_core::shape::Square'])")).to_be_visible()
        at = graph(page)["selected"]
        assert at in {r["path"] for r in answer["results"]}
        expect(page.locator(".panel .path")).to_have_text(at)
        page.keyboard.press("Enter")
        page.get_by_label("Within").select_option("2")
        two = served.ask("/api/v1/neighbourhood?target=demo_core::shape::Square&limit=150&depth=2")
        expect(page.locator(f".graph[data-nodes='{len(two['results'])}'][data-settled=true]")).to_be_visible()
        # a kind of edge hidden and shown again
        page.get_by_text("Edges", exact=True).click()
        page.get_by_label("calls", exact=True).uncheck()
        page.get_by_label("calls", exact=True).check()


def test_an_item_is_told_whole(chromium, served):
    with opened(chromium, served.url, ITEM) as page:
        radius = served.ask("/api/v1/blast-radius?target=demo_core::shape::Square&depth=5&limit=400")
        summary = radius["summary"]
        blast = page.locator(".blast")
        expect(blast).to_contain_text(f"{summary['affected']} affected within 5 steps, {summary['tests']} tests")
        assert sum(summary["hops"]) == summary["affected"] + summary["tests"]
        assert blast.locator("summary b").all_inner_texts() == [str(n) for n in summary["hops"]]
        assert blast.locator(".risk").inner_text() == summary["risk"]
        first = [r["path"] for r in radius["results"] if r["depth"] == 1]
        assert blast.locator("details").first.locator(".rows a").evaluate_all("all => all.map(a => a.title)") == first
        expect(page.locator(".signature")).to_contain_text("struct Square")
        used = served.ask("/api/v1/used-by?target=demo_core::shape::Square")
        expect(page.locator(".ends", has_text="Used by").locator("summary b")).to_have_text(str(len(used["results"])))
        page.get_by_text("Source", exact=True).click()
        expect(page.locator(".source")).to_contain_text("pub struct Square")
        assert page.locator(".source .line").first.get_attribute("data-line") == str(served.ask("/api/v1/where-defined?target=demo_core::shape::Square")["results"][0]["line"])
        link = blast.locator("details").first.locator(".rows a").first
        path = link.get_attribute("title")
        if not link.is_visible():
            blast.locator("summary").first.click()
        link.click()
        expect(page.locator(".panel .path")).to_have_text(path)


def test_names_that_mean_several_or_nothing(chromium, served):
    with opened(chromium, served.url, "/#/item?path=new", allowed=("409",)) as page:
        expect(page.locator(".panel .problem")).to_contain_text("new")
        page.locator(".panel .problem a").first.click()
        expect(page.locator(".panel .path")).to_contain_text("new")
    with opened(chromium, served.url, "/#/item?path=no_such_item_qqq", allowed=("404",)) as page:
        expect(page.locator(".panel .problem")).to_contain_text("no such item")


def test_nothing_of_a_workspace_becomes_markup(chromium, daemon):  # noqa: F811
    d = daemon({"Cargo.toml": '[package]\nname = "demo"\nversion = "0.1.0"\nedition = "2021"\n',
                "src/lib.rs": '/// <img src=x onerror="document.title=1"> <b>bold</b>\n#[cfg(feature = "<i>x</i>")]\npub fn odd(x: &str) -> Vec<u8> { let _ = "<script>alert(1)</script>"; x.into() }\n'})
    d.soon("stats")
    with opened(chromium, Served(d).url, "/#/item?path=demo::odd") as page:
        expect(page.locator(".panel .doc")).to_contain_text('<img src=x onerror="document.title=1">')
        page.get_by_text("Source", exact=True).click()
        expect(page.locator(".source")).to_contain_text("<script>alert(1)</script>")
        assert page.locator("main img, main script, main b b").count() == 0


def test_modules_and_cycles(chromium, served):
    with opened(chromium, served.url, "/#/modules") as page:
        answer = served.ask("/api/v1/modules")
        shown = [r["path"] for r in answer["results"] if not r.get("test")]
        assert int(graph(page)["nodes"]) == len(shown)
        assert page.locator("tbody tr td:first-child").all_inner_texts() == shown
        page.get_by_label("tests").check()
        expect(page.locator(f".graph[data-nodes='{len(answer['results'])}']")).to_be_visible()
        row = next(r for r in answer["results"] if r["uses"] and r["used_by"])
        page.get_by_label("Filter modules").fill(row["path"])
        page.get_by_role("button", name=row["path"], exact=True).first.click()
        expect(page.locator(".detail")).to_contain_text(f"{row['items']} items")
        assert [b.inner_text() for b in page.locator(".detail summary b").all()] == [str(row["uses"]), str(row["used_by"])]
        page.get_by_role("link", name="Open").click()
        expect(page.locator(".panel .path")).to_have_text(row["path"])
    with opened(chromium, served.url, "/#/cycles?level=type") as page:
        for level in ("type", "call", "module"):
            page.get_by_role("tab", name=f"{level}s").click()
            cycles = served.ask(f"/api/v1/find-cycles?level={level}")
            expect(page.get_by_role("tab", name=f"{level}s")).to_have_attribute("aria-selected", "true")
            expect(page.locator(".told")).to_have_text(re.compile(f"^{cycles['total']} cycle"))
            expect(page.locator(".cycles li:not(.empty)")).to_have_count(len(cycles["results"]))
            if cycles["results"]:
                expect(page.locator(f".graph[data-nodes='{cycles['results'][0]['size']}']")).to_be_visible()


def test_saves_are_seen_as_they_happen(chromium, served):
    d = served.daemon
    with opened(chromium, served.url, "/#/saves") as page:
        expect(page.locator("tbody")).to_contain_text("No save since HTTP is served")
        lib = (d.folder / "engine/src/shape.rs").read_text()
        d.write({"engine/src/shape.rs": lib + "\npub fn added_now() -> Square { Square::new(1.0) }\n"})
        row = page.locator("tbody tr").first
        expect(row).to_contain_text("engine/src/shape.rs")
        expect(page.locator(".pill")).to_contain_text(f"generation {d.status()['generation']}")
        d.write({"engine/src/shape.rs": lib + "\npub fn added_now() -> Square { Square::new(1.0) }\npub fn another_one() {}\n"})
        expect(page.locator("tbody tr").first.locator("td").nth(4)).to_have_text("+1")
        row.get_by_role("button").click()
        expect(page.locator(".panel")).to_contain_text("another_one")
        told = valid(served.ask("/api/v1/history"), "history")["updates"]
        assert [u["file"] for u in told] == ["engine/src/shape.rs"] * 2 and told[1]["at"] >= told[0]["at"] > 1.7e12
    # an item on show follows
    with opened(chromium, served.url, "/#/item?path=demo_core::shape::added_now", allowed=("404",)) as page:
        graph(page)
        expect(page.locator(".ends", has_text="Used by").locator("summary b")).to_have_text("0")
        d.write({"engine/src/shape.rs": lib + "\npub fn added_now() -> Square { Square::new(1.0) }\npub fn caller_of_it() { added_now(); }\n"})
        expect(page.locator(".ends", has_text="Used by").locator("summary b")).to_have_text("1")
        expect(page.locator(".ends", has_text="Used by")).to_contain_text("caller_of_it")
        before = graph(page)
        d.write({"engine/src/shape.rs": lib})
        expect(page.locator(".panel .problem")).to_contain_text("no such item")
        assert int(before["nodes"]) >= 3


def test_health_tells_latencies_and_advice(chromium, served):
    d = served.daemon
    for n in range(30):
        d.ask("blast-radius", "demo_core::shape::Square", "--depth", n % 5 + 1)
    shape = (d.folder / "engine/src/shape.rs").read_text()
    for n in range(3):
        d.write({"engine/src/shape.rs": shape + f"\npub fn added{n}() {{}}\n"})
        d.soon("stats")
    with opened(chromium, served.url, "/#/health") as page:
        expect(page.locator(".advice")).to_contain_text("None")
        row = page.locator("tbody tr", has_text="blast-radius")
        expect(row.locator("td").nth(1)).to_have_text("30")
        expect(page.locator(".health")).to_have_attribute("data-points", re.compile("[1-9]"))
        expect(page.locator(".chart canvas")).to_be_visible()
        page.get_by_label("What is measured").select_option("blast-radius")
        expect(page.locator(".chart .u-legend")).to_contain_text("p99")
        history = valid(served.ask("/api/v1/history"), "history")
        assert sum(m["count"] for m in history["questions"]["blast-radius"]) == 30
        assert all(m["p50_us"] <= m["p99_us"] for timing in history["stages"].values() for m in timing)
        page.get_by_label("What is measured").select_option("read")
        expect(page.locator(".facts-row")).to_contain_text("Memory")
    # advice, with the daemon's answer put in by hand: no machine is slow when asked to be
    context = chromium.new_context()
    page = context.new_page()

    def slow(route):
        status = route.fetch().json()
        status["triggers"] = [{"name": "blast radius", "what": "p99 of blast-radius questions", "p99_us": 3200, "limit_us": 2000, "advice": "Ask less."}]
        route.fulfill(json=status)
    page.route("**/api/v1/status", slow)
    page.goto(served.url + "/#/health")
    expect(page.locator(".advice .on")).to_have_text("p99 of blast-radius questions is 3.20 ms, the limit is 2.00 ms. Ask less.")
    context.close()


def test_light_and_dark(chromium, served):
    def paper(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")
    with opened(chromium, served.url, ITEM, color_scheme="light") as page:
        graph(page)
        light = paper(page)
        page.locator(".graph").focus()
        page.keyboard.press("t")
        dark = paper(page)
        assert light != dark
        page.reload()
        graph(page)
        assert paper(page) == dark
        page.get_by_role("button", name="Light or dark").click()
        assert paper(page) == light
    with opened(chromium, served.url, color_scheme="dark") as page:
        assert paper(page) == dark


@pytest.mark.parametrize("address", ["/", ITEM, "/#/modules", "/#/cycles", "/#/saves", "/#/health"])
def test_phones(chromium, served, address):
    with opened(chromium, served.url, address, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True) as page:
        expect(page.locator(".view")).to_be_visible()
        if page.locator(".graph").count():
            graph(page)
            assert page.locator(".canvas").bounding_box()["height"] > 150
        for tab in page.locator("nav a").all():
            box = tab.bounding_box()
            assert 0 <= box["x"] and box["x"] + box["width"] <= 360 and box["height"] >= 30
        page.locator("nav a", has_text="Overview").tap()
        expect(page.get_by_role("heading", name="Crates")).to_be_visible()
        page.locator("#search").tap()
        page.keyboard.type("Circle")
        page.get_by_role("option").first.tap()
        expect(page.locator(".panel .path")).to_contain_text("Circle")


def test_a_daemon_that_goes_and_comes(chromium, served):
    d = served.daemon
    with opened(chromium, served.url, allowed=("ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY", "503")) as page:
        expect(page.locator(".pill")).to_have_class(re.compile("fresh"))
        d.stop()
        expect(page.locator(".pill")).to_have_text("daemon gone")
        again = Served(d)
        d.pids.append(d.status()["pid"])
        assert again.url == served.url
        expect(page.locator(".pill")).to_have_class(re.compile("fresh"))


def test_a_token_is_asked_for(chromium, daemon, tmp_path):  # noqa: F811
    d = daemon()
    d.soon("stats")
    (tmp_path / "token").write_text("a-token-of-more-than-16-letters\n")
    (tmp_path / "token").chmod(0o600)
    s = Served(d, "--token-file", tmp_path / "token")
    assert s.open("/")[0] == 200 and s.open("/dashboard.js")[0] == 200  # they hold nothing of the workspace
    assert s.open("/api/v1/status")[0] == 401 and s.open("/events")[0] == 401 and s.open("/api/v1/history")[0] == 401
    with opened(chromium, s.url, allowed=("401",)) as page:
        expect(page.get_by_role("dialog", name="Token")).to_be_visible()
        page.keyboard.type("a-token-of-more-than-16-letters")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Crates")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Crates")).to_be_visible()
    with opened(chromium, s.url, "/#token=a-token-of-more-than-16-letters") as page:
        expect(page.get_by_role("heading", name="Crates")).to_be_visible()
        assert "token" not in page.url


def test_thousands_of_items_are_drawn(chromium, daemon):  # noqa: F811
    files = {"Cargo.toml": '[package]\nname = "wide"\nversion = "0.1.0"\nedition = "2021"\n', "src/lib.rs": "pub fn hub() {}\n" + "".join(f"pub mod m{m};\n" for m in range(50))}
    for m in range(50):
        files[f"src/m{m}.rs"] = "".join(f"pub fn f{n}() {{ crate::hub(); {f'f{n - 1}();' if n else ''} }}\n" for n in range(100))
    d = daemon(files)
    d.soon("stats")
    s = Served(d)
    with opened(chromium, s.url, "/#/item?path=wide::hub") as page:
        graph(page)
        page.set_default_timeout(90000)
        page.get_by_label("at most").select_option("5000")
        expect(page.locator(".graph[data-nodes='5000'][data-settled=true]")).to_be_visible(timeout=90000)
        expect(page.locator(".told")).to_have_text("5,000 of more than 5,001 items")
        page.locator(".graph").focus()
        page.keyboard.press("n")
        page.keyboard.press("Enter")
        expect(page.locator(".panel .path")).to_have_text(re.compile(r"wide::m\d+::f\d+"))
