"""Checks the harness itself: the truth of a small crate against a list written by hand, then a hand-made export
(right, wrong and missing on purpose) against that truth. Run: python3 bench/accuracy/selftest.py"""
import json
import os
import shutil
import sys

import cfg
import compare
import corpus
import names
import run
import shapes
import truth

P, S = "demo::Point", "demo::shape::Shape"
AREA = "demo::Area"
LOCAL = """
<demo::Point as std:Default>::default -> demo::Point::new
demo::Point::bump -> demo::helper
demo::Point::bump -> demo::Point::new
<demo::Point as std:Display>::fmt -> demo::helper
<demo::Point as std:Add>::add -> demo::Point::new
<demo::Point as std:From>::from -> demo::Point::new
demo::Area::twice -> demo::Area::area
<&* as demo::Area>::area -> demo::Area::area
demo::Area::named -> demo::Area::area
demo::made -> demo::helper
demo::helper -> demo::helper::inner
demo::twin -> demo::helper
demo::generic -> demo::Area::area
demo::object -> demo::Area::area
demo::object -> demo::Area::named
demo::all -> <demo::Point as std:Add>::add
demo::all -> <demo::Point as std:From>::from
demo::all -> <* as demo::Tell>::tell
demo::all -> <demo::Row as std:Deref>::deref
demo::all -> <demo::Row as std:Index>::index
demo::all -> <demo::Point as demo::Area>::area
demo::all -> demo::Area::twice
demo::all -> <&* as demo::Area>::area
demo::all -> demo::fallible
demo::all -> demo::shape::Shape::unit
demo::all -> <demo::shape::Shape as demo::Area>::area
demo::judged::ours -> <std:Vec as std:Index>::index
demo::judged::ours -> <usize as std:From>::from
demo::judged::ours -> <demo::judged::Id as std:PartialEq>::eq
demo::judged::Id::width -> demo::judged::Id::width
demo::judged::called -> demo::shape::Shape::unit
"""
SOME_EXTERNAL = """
demo::all -> std:Into::into
demo::all -> std:Clone::clone
demo::all -> std:Vec::len
demo::all -> std:slice::iter
demo::all -> std:str::parse
demo::all -> std:Result::unwrap_or
demo::all -> std:Iterator::next
<* as demo::Tell>::tell -> std:ToString::to_string
demo::judged::foreign -> std:From::from
demo::judged::foreign -> std:Index::index
demo::judged::foreign -> std:PartialEq::eq
<std:Vec as std:Index>::index -> std:Index::index
demo::judged::where_clause -> std:Index::index
"""
IMPLS = """
demo::Point std:Debug derive
demo::Point std:Clone derive
demo::Point std:PartialEq derive
demo::Point std:Default hand
demo::Point std:Display hand
demo::Point std:Add hand
demo::Point std:From hand
demo::Point std:From hand
demo::Row std:Deref hand
demo::Row std:Index hand
demo::Point demo::Area hand
&* demo::Area hand
* demo::Tell hand
demo::shape::Shape std:Clone derive
demo::shape::Shape std:Copy derive
demo::shape::Shape demo::Area hand
demo::judged::Id std:PartialEq derive
demo::judged::Id std:PartialEq hand
usize std:From hand
i32 std:From hand
std:Error std:From hand
std:Vec std:Index hand
"""


def check(what, ok, *more):
    print("%-60s %s" % (what, "ok" if ok else "FAILED"))
    if not ok:
        for m in more:
            print("   ", m)
        check.failed = True


check.failed = False


def pairs(text):
    return {tuple(x.split(" -> ")) for x in text.strip().split("\n")}


def check_names():
    n = names.Names("demo")
    for text, want in (("&'{erased} mut demo::A<T/#0>", "&demo::A"), ("T/#0", "*"), ("(u8, demo::A)", "tuple"),
                       ("std::vec::Vec<fn(u8) -> demo::A>", "std:Vec"), ("[u8; 4]", "array"), ("[demo::A]", "slice"),
                       ("dyn std::fmt::Debug + 'a", "dyn std:Debug"), ("for<'a> fn(&'a u8)", "fn"),
                       ("*const demo::A", "ptr"), ("<T as std::ops::Deref>::Target", "?"), ("u8", "u8"),
                       ("std::os::raw::c_int", "i32"), ("core::ffi::c_uchar", "u8"), ("*", "ptr")):
        check("type " + text, n.head(text) == want, n.head(text))
    for path, external, want in (
            ("<demo::P as core::fmt::Display>::fmt", False, "<demo::P as std:Display>::fmt"),
            ("<T as demo::Tell>::tell", False, "<* as demo::Tell>::tell"),
            ("<&demo::P as demo::Area>::area", False, "<&demo::P as demo::Area>::area"),
            ("demo::m::P<T>::new", False, "demo::m::P::new"),
            ("<alloc::vec::Vec as core::clone::Clone>::clone", True, "std:Clone::clone"),
            ("core::clone::Clone::clone", True, "std:Clone::clone"), ("alloc::vec::Vec::len", True, "std:Vec::len"),
            ("core::mem::swap", True, "std:mem::swap"), ("str::len", True, "std:str::len"),
            ("<[T]>::iter", True, "std:slice::iter"), ("memchr::memchr", True, "memchr:memchr::memchr")):
        check("item " + path, n.item(path, external) == want, n.item(path, external))


def check_shapes():
    """Which impl headers can be a call's types."""
    n = names.Names("demo", {"demo::A": 1, "demo::B": 1}.__contains__)
    v, a = ("var", "T"), ("named", "demo::A", "", [])
    error = [a, ("named", "std:Error", "io", [])]
    for header, call, want in (
            ([a, a], ("A", "A"), True), ([a, a], ("A", "B"), False), ([a, v], ("A", "U/#0"), True), ([a, a], ("A", "U/#0"), False),
            ([v, v], ("u8", "u8"), True), ([v, v], ("u8", "u16"), False), (error, ("A", "std::io::Error"), True),
            (error, ("A", "std::fmt::Error"), False), ([("ref", False, a)], ("&'{erased} A",), True),
            ([("ref", True, a)], ("&'{erased} A",), False),
            ([("named", "std:Vec", "vec", [a])], ("std::vec::Vec<A, std::alloc::Global>",), True),
            ([("named", "std:Vec", "vec", [a])], ("std::vec::Vec<B, std::alloc::Global>",), False),
            ([("array", v, ("const", "8"))], ("[A; ValTree(Leaf(0x0000000000000008): usize)]",), True),
            ([("array", v, ("const", "8"))], ("[A; ValTree(Leaf(0x0000000000000004): usize)]",), False),
            ([a, a], ("A", "Alias(Projection, AliasTy { args: [F/#0], .. })"), True)):
        check("impl header fits " + ", ".join(call)[:40], shapes.fit(header, [shapes.of_text(n, c) for c in call]) is want)


def check_cfg():
    active = {("unix", None), ("feature", "std"), ("target_os", "linux")}
    for text, want in (("", True), ('all(feature = "std", not(windows))', True), ('any(windows, feature="x")', False),
                       ("all()", True), ("any()", False), ("test", False), ('not(all(unix, feature = "std"))', False)):
        check("cfg " + text, cfg.evaluate(text, active) is want)


def demo_crate():
    crate = corpus.Crate("demo", "0.1.0", implements=True)
    shutil.rmtree(crate.dir, ignore_errors=True)
    shutil.copytree(os.path.join(corpus.HERE, "selftest"), crate.dir)
    return crate


def check_truth(known):
    t = compare.call_truth(known, run.heads_of([known]))
    want = pairs(LOCAL)
    check("local calls", t["local"] == want, ("not in truth", want - t["local"]), ("only in truth", t["local"] - want))
    want = pairs(SOME_EXTERNAL)
    check("external calls", want <= set(t["demand"]), want - set(t["demand"]))
    check("the forwarded call of into", ("demo::all", "<demo::Point as std:From>::from") in t["forwarded"])
    error = "<std:Error as std:From>::from"
    check("`?` calls the crate's From", ("demo::judged::converted", error) in t["forwarded"], t["forwarded"])
    check("`?` of one error to itself calls std's", ("demo::judged::reflexive", error) not in t["forwarded"])
    check("a fn item held in a variable is not demanded", ("demo::all", "demo::helper") in t["accepted"])
    got = sorted("%s %s %s" % (i["head"], i["trait"], i["origin"]) for i in known["implements"])
    want = sorted(IMPLS.strip().split("\n"))
    check("implements", got == want, got, want)
    links = {(k["file"], k["text"], k["to_file"], k["to_line"]) for k in known["links"]}
    check("a link to a fn", any(k[1] == "helper" and k[2] == "src/lib.rs" for k in links), links)
    check("a link across files", any(k[2] == "src/shape.rs" and k[1] == "unit" for k in links), links)
    width = [k for k in known["links"] if k["text"] == "width"]
    check("a parameter named as its fn is no link to the fn", len(width) == 1 and width[0]["line"] == 72, width)
    check("nothing inside a macro_rules! definition is linked",
          not any(k["file"] == "src/judged.rs" and k["text"] in ("Shape", "unit") and k["line"] > 76 for k in known["links"]))
    check("MIR has no call the typed bodies lack", known["checks"]["mir"]["only_mir"] == 0, known["checks"]["mir"])


def export_of(known):
    """An export as design says, from the hand-written lists: one wrong call, one miss, one wrong and one missing impl."""
    nodes, edges = {}, []

    def node(path, kind, external=False, cfg_text="", file="src/lib.rs", at=1):
        if path not in nodes:
            nodes[path] = {"t": "node", "id": "%032x" % len(nodes), "kind": kind, "path": path, "file": file, "line": at,
                           "external": external, "cfg": cfg_text}
        return nodes[path]["id"]

    def spelled(c):
        return c.replace("std:", "core::any::").replace("<&* as", "<&T as").replace("<* as", "<T as")

    def edge(a, b, kind, **more):
        edges.append(dict({"t": "edge", "from": a, "to": b, "kind": kind, "via": "path", "confidence": "exact",
                           "file": "src/lib.rs", "line": 1, "col": 1, "cfg": ""}, **more))

    rows = sorted(pairs(LOCAL))
    for a, b in rows[1:]:
        edge(node(spelled(a), "fn"), node(spelled(b), "fn"), "calls")
    edge(node("demo::helper", "fn"), node("demo::made", "fn"), "calls", confidence="inferred")
    edge(node("demo::twin2", "fn", cfg_text='not(feature = "std")'), node("demo::made", "fn"), "calls")
    edge(node("demo[test:t]::x", "fn"), node("demo::made", "fn"), "calls")
    edge(node("demo::all", "fn"), node("demo::fallible", "fn"), "calls", confidence="candidate")
    edge(node("demo::all", "fn"), node("demo::generic", "fn"), "calls", confidence="candidate")
    for i in known["implements"][1:]:
        a = node("impl#" + i["head"], "impl") if i["head"] == "*" else node(
            "reference" if i["head"][0] == "&" else spelled(i["head"]), "struct")
        b = node("core::" + i["trait"].split(":")[-1] if i["trait"].startswith("std:") else i["trait"], "trait")
        edge(a, b, "implements", file=i["file"], line=i["line"])
    edge(node("demo::Row", "struct"), node("demo::Area", "trait"), "implements", line=3)
    return [json.dumps(x) for x in list(nodes.values()) + edges]


def check_compare(crate, known):
    active = cfg.active_set(["--cfg=" + c for c in known["cfg"]])
    export = compare.Export(export_of(known), known["crate"], active)
    n = len(pairs(LOCAL))
    out = compare.calls(export, known, run.heads_of([known]), False)[0]["local"]
    check("calls: one wrong, one missed", (out.right, out.wrong, out.missed) == (n - 1, 1, 1), out.row(),
          out.wrong_rows, out.missed_rows)
    out = compare.calls(export, known, run.heads_of([known]), True)[0]["local"]
    check("calls with candidates: two wrong", (out.right, out.wrong, out.missed) == (n - 1, 2, 1), out.row())
    imp, _, place = compare.implements(export, known, crate.dir)
    m = len(known["implements"])
    check("implements: one wrong, one missed",
          (imp["all"].right, imp["all"].wrong, imp["all"].missed) == (m - 1, 1, 1), imp["all"].row(),
          imp["all"].wrong_rows, imp["all"].missed_rows)
    check("implements stand at rustc's lines", place == (m - 1, m - 1), place)
    check("edges of other targets and cfgs are left out", sum(export.dropped.values()) >= 4, export.dropped)
    shape = next(k for k in known["links"] if k["text"] == "unit")
    var = known["variables"][0]
    rows = [{"t": "node", "id": "a", "kind": "fn", "path": "demo::all", "name": "all", "file": "src/lib.rs", "line": 1},
            {"t": "node", "id": "b", "kind": "method", "path": "demo::shape::Shape::unit", "name": "unit", "file": shape["to_file"],
             "line": shape["to_line"]}]
    for at in (shape["file"], shape["line"], shape["col"]), var:
        rows.append({"t": "edge", "from": "a", "to": "b", "kind": "calls", "file": at[0], "line": at[1], "col": at[2]})
    use, _ = compare.uses(compare.Export(map(json.dumps, rows), "demo", active), known)
    check("uses: one right, one bound to a variable", (use.right, use.wrong, use.found) == (1, 1, 1), use.row())
    for via, name, want in (("deref", "deref", "accepted"), ("method", "deref", "wrong"), ("operator", "unit", "wrong")):
        edge = {"t": "edge", "from": "a", "to": "c", "kind": "calls", "via": via, "file": shape["file"], "line": shape["line"],
                "col": shape["col"]}
        to = {"t": "node", "id": "c", "kind": "method", "path": "demo::R::" + name, "name": name, "file": "src/lib.rs", "line": 1}
        use, _ = compare.uses(compare.Export(map(json.dumps, rows[:2] + [to, edge]), "demo", active), known)
        check("uses: via %s to %s where another name is linked" % (via, name), getattr(use, want) == 1, use.row())


def check_item_macros(crate, active):
    """rustdoc's link to what a macro made is at the call's line, ours at the item's own."""
    with open(os.path.join(crate.dir, "made.rs"), "w", encoding="utf-8") as f:
        f.write("make! {\n    // }\n    struct A { b: char = '}', s: \"}\" }\n    impl One { fn f() {} }\n"
                "    impl Two { fn f() {} }\n}\nstruct A;\n")
    known = {"variables": [], "links": [
        {"file": "u.rs", "line": at, "col": 1, "text": text, "to_file": "made.rs", "to_line": 1, "kind": kind}
        for at, text, kind in ((1, "A", "struct"), (2, "A", "enum"), (3, "f", "function"), (4, "A", "struct"))]}
    rows = [{"t": "node", "id": i, "kind": kind, "path": "demo::" + path, "name": path[-1], "file": "made.rs", "line": line}
            for i, kind, path, line in (("u", "fn", "u", 1), ("in", "struct", "A", 3), ("f1", "method", "One::f", 4),
                                        ("f2", "method", "Two::f", 5), ("out", "struct", "m::A", 7))]
    for line, to in ((1, "in"), (2, "in"), (3, "f1"), (4, "out")):
        rows.append({"t": "edge", "from": "u", "to": to, "kind": "uses", "via": "path", "file": "u.rs", "line": line, "col": 1})
    use, _ = compare.uses(compare.Export(map(json.dumps, rows), "demo", active), known, crate.dir)
    check("uses: items made by one macro call, at its line", (use.right, use.accepted, use.wrong) == (1, 1, 2), use.row(),
          use.wrong_rows)


def check_targets(active):
    rows = [{"t": "node", "id": i, "kind": kind, "path": path, "file": file, "line": 1, "external": not file}
            for i, kind, path, file in (("a", "crate", "demo", "src/lib.rs"), ("t", "crate", "demo[test:t]", "tests/t.rs"),
                                        ("ref", "primitive", "&", ""), ("read", "trait", "std::io::Read", ""))]
    for file in ("src/lib.rs", "tests/t.rs"):
        rows.append({"t": "edge", "from": "ref", "to": "read", "kind": "implements", "file": file, "line": 1, "col": 1})
    export = compare.Export(map(json.dumps, rows), "demo", active)
    check("an external type's edge in a test's file is left out", [e["file"] for e in export.edges] == ["src/lib.rs"])


if __name__ == "__main__":
    check_names()
    check_shapes()
    check_cfg()
    demo = demo_crate()
    known_truth = truth.build(demo, True)
    check_truth(known_truth)
    check_compare(demo, known_truth)
    here = cfg.active_set()
    check_item_macros(demo, here)
    check_targets(here)
    sys.exit(1 if check.failed else 0)
