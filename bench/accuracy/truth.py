"""Builds what rustc knows about one crate: impls, calls, links. Cached in build/accuracy/truth/NAME-VERSION/truth.json."""
import collections
import html
import json
import os
import pickle
import posixpath
import re
import shutil

import names
import rustc
import shapes

VERSION = 16  # of truth.json; goes up with any change to this file, names.py or shapes.py
RAW_VERSION = 1  # of raw.pickle; goes up with any change to rustc.py or read_links
MARKERS = {"std:StructuralPartialEq", "std:StructuralEq", "std:TrivialClone", "std:UseCloned"}  # the compiler's own
CALLERS = {"Fn", "Const", "Static"}
BRACE = re.compile(r"^\{([a-z_ ]+)(?:#\d+)?\}$")


class Local:
    """The crate's own definitions, out of the HIR: canonical names of definition paths, impls by (head, trait)."""

    def __init__(self, crate, owners, source):
        self.crate, self.owners, self.source = crate, owners, source
        self.paths = {}
        for p in owners:
            if "{" not in p:
                self.paths[re.sub(r"#\d+", "", p)] = True
        self.names = names.Names(crate, self.paths.__contains__)
        self.by_head = collections.defaultdict(list)
        self.impls = {}
        members = collections.defaultdict(set)
        for p in owners:
            parent, _, last = p.rpartition("::")
            if parent.endswith("}"):
                members[parent].add(re.sub(r"#\d+$", "", last))
        for p, o in owners.items():
            if "impl" not in o:
                continue
            h = o["impl"]
            trait = self.external(h["trait"]) if h["trait"] else None
            one = {"head": self.head(h["head"]), "trait": trait, "members": members[p], "derived": self.derived(o),
                   "negative": h["negative"], "span": o["span"], "path": p, "header": None}
            self.impls[p] = one
            if trait:
                self.by_head[one["head"], trait].append(one)
        self.known = {}

    def derived(self, owner):
        """An impl whose text does not begin like an impl was made by a derive."""
        s = owner["span"]
        if not s or not s["macro"]:
            return False
        text = self.source.text(s["file"], s["line"], s["col"])
        return text is not None and not re.match(r"(?:default\s+|unsafe\s+|const\s+|#|\$)*(?:impl\b|\$)", text)

    def external(self, d):
        local, path = d
        if local:
            return self.canon(path)
        segs = path.split("::")
        return names.crate_class(segs[0]) + ":" + segs[-1]

    def head(self, h, depth=0):
        tag = h[0]
        if tag == "def" and h[1]:
            local, path = h[1]
            if local and h[2] == "TyAlias" and depth < 8:
                alias = self.owners.get(path, {}).get("alias")
                return self.head(alias, depth + 1) if alias else "?"
            if not local and h[2] == "TyAlias" and names.c_type(path.split("::")):
                return names.c_type(path.split("::"))
            return self.external(h[1])
        if tag == "prim":
            return h[1]
        if tag == "ref":
            return "&" + self.head(h[1], depth + 1)
        if tag == "param":
            return "*"
        if tag == "dyn":
            return "dyn " + self.external(h[1]) if h[1] else "?"
        return tag if tag in ("slice", "array", "tuple", "ptr", "fn", "never") else "?"

    def canon(self, path):
        """Canonical name of a local definition path."""
        if path in self.owners or "{" in path:
            done, out = "", ""
            for seg in path.split("::"):
                done = done + "::" + seg if done else seg
                if seg.startswith("{impl#"):
                    one = self.impls.get(done)
                    if one is None:
                        o = self.owners.get(done)
                        if not o or "impl" not in o:
                            continue
                        h = o["impl"]
                        head = self.head(h["head"])
                        out = "<%s as %s>" % (head, self.external(h["trait"])) if h["trait"] else head
                        out = out[4:] if out.startswith("dyn ") else out
                    elif one["trait"]:
                        out = "<%s as %s>" % (one["head"], one["trait"])
                    else:
                        out = one["head"][4:] if one["head"].startswith("dyn ") else one["head"]
                elif seg.startswith("{"):
                    continue
                else:
                    seg = re.sub(r"#\d+$", "", seg)
                    out = out + "::" + seg if out else seg
            return out
        return re.sub(r"#\d+", "", path)

    def caller(self, body):
        """(canonical caller, its impl or None) of a typed body; None for derived and for nameless bodies."""
        segs = body.split("::")
        while len(segs) > 1 and segs[-1].startswith("{") and not segs[-1].startswith("{impl#"):
            segs.pop()
        path = "::".join(segs)
        o = self.owners.get(path)
        if not o or o.get("sub") not in CALLERS:
            return None
        for i in range(len(segs), 0, -1):
            one = self.impls.get("::".join(segs[:i]))
            if one and one["derived"]:
                return None
        return self.canon(path)

    def learn_headers(self, implements):
        """Gives the impls their types with all arguments, which rustdoc's rows have: first those of one place, then what is left
        of one (head, trait) when it is as many. An impl without stays None, and fits every call."""
        for at in (lambda i, s: (i["head"], i["trait"], s["file"], s["line"]), lambda i, s: (i["head"], i["trait"])):
            rows, impls = collections.defaultdict(list), collections.defaultdict(list)
            for r in implements:
                if not r.get("used"):
                    rows[at(r, r)].append(r)
            for i in self.impls.values():
                if i["trait"] and i["header"] is None and not i["negative"] and i["span"]:
                    impls[at(i, i["span"])].append(i)
            for key, some in impls.items():
                if len(some) != len(rows[key]):
                    continue
                for i in some:
                    free = [r for r in rows[key] if not r.get("used")]
                    r = next((r for r in free if r["members"] == i["members"]), free[0])
                    i["header"], r["used"] = r["header"], True

    def fitting(self, head, trait, given):
        """The local impls of a head and trait whose types can be those of the call."""
        return [one for one in self.by_head.get((head, trait), ())
                if given is None or one["header"] is None or shapes.fit(one["header"], given)]

    def select(self, trait, head, member, given=None):
        """The local impl's member that rustc selects for a head type, or None. `given`: the call's self type and further
        arguments, as shapes; without them head and trait alone decide."""
        if trait == "std:From" and given and given[0] == given[1] != shapes.ANY:
            return None  # the reflexive impl of std, beside which no other can be
        for h in self.candidates(head):
            found = self.fitting(h, trait, given)
            for one in found:
                if member in one["members"] and not one["derived"]:
                    return "<%s as %s>::%s" % (one["head"], trait, member)
            if found:
                return None
        return None

    @staticmethod
    def candidates(head):
        out = [head]
        if head.startswith("&"):
            bare = head.lstrip("&")
            refs = head[:len(head) - len(bare)]
            out += [refs + "*", "&*"] if bare != "*" else ["&*"]
        out.append("*")
        return out


class Sources:
    def __init__(self, root):
        self.root, self.files = root, {}

    def text(self, file, line, col):
        if file not in self.files:
            try:
                with open(os.path.join(self.root, file), encoding="utf-8", errors="replace") as f:
                    self.files[file] = f.read().split("\n")
            except OSError:
                self.files[file] = None
        rows = self.files[file]
        if rows is None or line > len(rows):
            return None
        return rows[line - 1][col - 1:]


# ---- calls

FORWARDS = {  # external item -> (which type argument, trait, member) of the local impl it ends in
    "std:Into::into": (1, "std:From", "from"), "std:TryInto::try_into": (1, "std:TryFrom", "try_from"),
    "std:ToString::to_string": (0, "std:Display", "fmt"), "std:Iterator::collect": (1, "std:FromIterator", "from_iter"),
    "std:Iterator::sum": (1, "std:Sum", "sum"), "std:Iterator::product": (1, "std:Product", "product"),
    "std:Iterator::unzip": (2, "std:Extend", "extend"),
    "std:FromResidual::from_residual": ("error", "std:From", "from"),
}
FORMATS = {"new_display": "Display", "new_debug": "Debug", "new_lower_hex": "LowerHex", "new_upper_hex": "UpperHex",
           "new_octal": "Octal", "new_binary": "Binary", "new_lower_exp": "LowerExp", "new_upper_exp": "UpperExp",
           "new_pointer": "Pointer"}
INTERNAL = re.compile(  # what desugaring and std's macros name, no item a reader wrote: neither asked for nor held against
    r"^(?:core::fmt::rt::|core::fmt::\{impl#\d+\}::(?:new|new_const|new_v1|from_str|from_str_nonconst)$|core::panicking::|"
    r"std::panicking::|std::rt::|core::ops::function::|core::ops::async_function::|core::future::get_context|"
    r"core::ops::try_trait::|core::intrinsics::|core::hint::must_use|alloc::boxed::box_new|"
    r"core::pin::\{impl#\d+\}::new_unchecked$|core::ops::range::.*RangeInclusive.*::new$)")


def read_calls(local, bodies):
    calls, bad_callers = [], collections.Counter()
    n = local.names
    for body, found in bodies:
        if not found:
            continue
        caller = local.caller(body)
        if caller is None:
            bad_callers["derived or nameless body"] += len(found)
            continue
        for c in found:
            one = _call(local, n, c)
            if one:
                one["caller"] = caller
                calls.append(one)
    return calls, dict(bad_callers)


def _call(local, n, c):
    is_local, path = c["callee"]
    if path.endswith(("{constructor#0}", "{ctor#0}")):
        return None
    segs = path.split("::")
    member = re.sub(r"#\d+$", "", segs[-1])
    parent = "::".join(segs[:-1])
    site = rustc.span(c["span"]) or {"file": "", "line": 0, "col": 0, "macro": True}
    fn_site = rustc.span(c["fn_span"]) or site
    out = {"file": fn_site["file"], "line": fn_site["line"], "col": fn_site["col"], "macro": site["macro"],
           "sugar": not c["hir"], "direct": c["direct"], "raw": path, "may": [], "forward": []}
    if is_local:
        is_trait = local.owners.get(parent, {}).get("sub") in ("Trait", "TraitAlias")
    else:
        is_trait = len(segs) > 2 and not segs[-2].startswith("{") and segs[-2][:1].isupper()
    if is_trait:
        trait = local.canon(parent) if is_local else names.crate_class(segs[0]) + ":" + segs[-2]
        self_type = c["args"][0] if c["args"] else "?"
        head = n.head(self_type)
        generic = head in ("*", "?") or head.startswith("dyn ")
        given = [shapes.of_text(n, a) for a in c["args"]]
        picked = local.select(trait, head, member, given) if head not in ("*", "?") else None
        if generic and picked and head.startswith("dyn ") and (head, trait) not in local.by_head:
            out["may"].append(picked)
            picked = None
        if head in ("*", "?"):
            blanket = local.select(trait, "*", member)
            if blanket:
                out["may"].append(blanket)
        plain = trait + "::" + member
        out["callee"], out["local"] = (picked, True) if picked else (plain, is_local)
        if picked:
            out["plain"] = plain  # naming the trait's member instead is a miss, told apart as "trait for impl"
        bare = head.lstrip("&")
        if bare != head:
            via = local.select(trait, bare, member, [shapes.bare(given[0])] + given[1:]) or \
                local.select(trait, bare, member, [shapes.bare(g) for g in given])
            if via and via != picked:
                out["may"].append(via)
        rule = FORWARDS.get(plain)
        if rule:
            out["forward"] += _forward(local, n, c["args"], rule)
    elif is_local:
        out["callee"], out["local"] = local.canon(path), True
    else:
        out["local"] = False
        if segs[-2].startswith("{impl#"):
            out["callee"], out["impl"] = None, parent
            if member in FORMATS and parent.startswith("core::fmt::rt"):
                out["forward"] += _forward(local, n, [a for a in c["args"]], (-1, "std:" + FORMATS[member], "fmt"))
            elif member == "parse" and parent.startswith("core::str"):
                out["forward"] += _forward(local, n, c["args"], (0, "std:FromStr", "from_str"))
        else:
            out["callee"] = n.external([s for s in segs if not s.startswith("{")])
    out["internal"] = bool(not out["local"] and (INTERNAL.match(path) or site["file"].startswith("/rustc/")))
    out["await"] = path in ("core::future::into_future::IntoFuture::into_future", "core::future::future::Future::poll") \
        and site["macro"]
    return out


def _forward(local, n, args, rule):
    """The local impl's member that an external one ends in; what the trait's argument is, where the call tells."""
    which, trait, member = rule
    more = []
    try:
        if which == "error":  # of `?`: the error of Result<_, F>, made from that of Result<_, E>; other types convert none
            result = [shapes.arguments(a) for a in args[:2] if n.head(a) == "std:Result"]
            text = result[0][1]
            more = [shapes.of_text(n, result[1][1])]
        else:
            text = args[which]
            if member in ("from", "try_from"):
                more = [shapes.of_text(n, args[0])]
    except (IndexError, ValueError):
        return []
    picked = local.select(trait, n.head(text).lstrip("&") or "?", member, [shapes.bare(shapes.of_text(n, text))] + more)
    return [picked] if picked else []


def learn_heads(bodies, mir):
    """Definition paths of external inherent impls -> the type's name, from calls seen at one place in both dumps."""
    at = collections.defaultdict(set)
    for text, where in mir:
        at[where].add(text)
    votes = collections.defaultdict(collections.Counter)
    for _, found in bodies:
        for c in found:
            is_local, path = c["callee"]
            if is_local or "::{impl#" not in path:
                continue
            parent, _, member = path.rpartition("::")
            if not parent.endswith("}"):
                continue
            for text in at.get(c["span"].rsplit(" (#", 1)[0], ()):
                segs = [s for s in names.split_top(text, "::") if not (s.startswith("<") and not s.startswith("<impl"))]
                if len(segs) > 1 and names.segments(segs[-1])[:1] == [member]:
                    votes[parent][segs[-2]] += 1
    out = {}
    n = names.Names("")
    for parent, v in votes.items():
        best = v.most_common(1)[0][0]
        if best.startswith("<impl "):
            best = n.head(best[6:-1])
            best = best.split(":")[-1]
        out[parent] = names.ALIAS.get(best, names.segments(best)[0] if names.segments(best) else best)
    return out


def cross_check(local, bodies, mir):
    """How many calls the built MIR has at (place, name) which the typed bodies have not, and the other way."""
    def name(text):
        s = names.segments(text)
        return s[-1] if s else text
    a, b = set(), set()
    for body, found in bodies:
        for c in found:
            if c["callee"][1].startswith("core::ops::function::"):
                continue
            a.add((c["span"].rsplit(" (#", 1)[0], re.sub(r"#\d+$", "", c["callee"][1].rpartition("::")[2])))
    for text, where in mir:
        if "core::ops::Fn" in text or "std::ops::Fn" in text or not names.IDENT.match(name(text)):
            continue
        b.add((where, name(text)))
    return {"both": len(a & b), "only_typed_bodies": len(a - b), "only_mir": len(b - a),
            "examples_only_mir": sorted(map(list, b - a))[:8], "examples_only_typed_bodies": sorted(map(list, a - b))[:8]}


# ---- implements

def read_implements(doc, n):
    index, paths = doc["index"], doc["paths"]

    def path_of(node):
        p = paths.get(str(node["id"]))
        if p:
            return "::".join(p["path"])
        return None

    def canon(node):
        p = path_of(node)
        if not p:
            return "?:" + node["path"].split("::")[-1]
        segs = p.split("::")
        if segs[0] == n.crate:
            return p
        return names.crate_class(segs[0]) + ":" + segs[-1]

    def head(t, depth=0):
        (tag, v), = t.items() if isinstance(t, dict) else ((t, None),)
        if tag == "resolved_path":
            item = index.get(str(v["id"]))
            if item and "type_alias" in item["inner"] and depth < 8:
                return head(item["inner"]["type_alias"]["type"], depth + 1)
            p = paths.get(str(v["id"]))
            if p and p["kind"] == "type_alias" and names.c_type(p["path"]):
                return names.c_type(p["path"])
            return canon(v)
        if tag == "primitive":
            return names.ALIAS.get(v, v) if v in ("never", "unit", "tuple", "slice", "array") else v
        if tag == "borrowed_ref":
            return "&" + head(v["type"], depth + 1)
        if tag == "generic":
            return "*"
        if tag == "dyn_trait":
            return "dyn " + canon(v["traits"][0]["trait"])
        return {"tuple": "tuple", "slice": "slice", "array": "array", "raw_pointer": "ptr",
                "function_pointer": "fn"}.get(tag, "?")

    shape = shapes.Doc(doc, n)
    out, skipped = [], collections.Counter()
    for item in index.values():
        if item["crate_id"] != 0 or "impl" not in item["inner"]:
            continue
        m = item["inner"]["impl"]
        if m["trait"] is None:
            continue
        if m["is_synthetic"] or m["blanket_impl"]:
            skipped["synthetic or blanket"] += 1
            continue
        if m["is_negative"]:
            skipped["negative"] += 1
            continue
        trait = canon(m["trait"])
        if trait in MARKERS:
            skipped["compiler's marker"] += 1
            continue
        args = (m["trait"].get("args") or {}).get("angle_bracketed", {}).get("args", [])
        span = item["span"] or {"filename": "", "begin": [0, 0]}
        out.append({"head": head(m["for"]), "trait": trait, "trait_path": path_of(m["trait"]) or m["trait"]["path"],
                    "args": [head(a["type"]) if "type" in a else "_" for a in args],
                    "origin": "derive" if "automatically_derived" in json.dumps(item["attrs"]) else "hand",
                    "file": span["filename"], "line": span["begin"][0], "header": shape.header(m),
                    "members": {index[str(i)]["name"] for i in m["items"] if str(i) in index}})
    return out, dict(skipped)


def beside_rustdoc(local, rest, implements):
    """The impls rustc has and rustdoc's JSON has not: those at module level (written for an alias of a local type)
    join the others, those inside a fn or const body are told apart."""
    rest, bodies = dict(rest), collections.Counter()
    for path, i in local.impls.items():
        key = (i["head"], i["trait"])
        if not rest.get(key):
            continue
        above = path.split("::")[:-1]
        inside = any(local.owners.get("::".join(above[:k]), {}).get("sub") in CALLERS for k in range(1, len(above) + 1))
        if inside:
            bodies[key] += 1
        elif i["span"] and not any(x["file"] == i["span"]["file"] and x["line"] == i["span"]["line"]
                                   and (x["head"], x["trait"]) == key for x in implements):
            implements.append({"head": key[0], "trait": key[1], "trait_path": key[1], "args": [],
                               "origin": "derive" if i["derived"] else "hand",
                               "file": i["span"]["file"], "line": i["span"]["line"]})
        else:
            continue
        rest[key] -= 1
    return [[h, t, k] for (h, t), k in sorted(bodies.items())]


# ---- links

MARK = re.compile(r"<a href=#\d+ id=\d+ data-nosnippet>\d+</a>")
TAG = re.compile(r"<[^>]*>|[^<]+")
HREF = re.compile(r'href="([^"]*)"')
ANCHOR = re.compile(r"#(\d+)(?:-\d+)?$")


def read_links(root, crate, src_root):
    """All links of rustdoc's source pages to local definitions: file, line, col, text, target file and line."""
    out = []
    base = os.path.join(root, "src", crate)
    for folder, _, files in sorted(os.walk(base)):
        for f in sorted(files):
            if not f.endswith(".rs.html"):
                continue
            page = posixpath.join("src", crate, os.path.relpath(os.path.join(folder, f), base).replace(os.sep, "/"))
            with open(os.path.join(folder, f), encoding="utf-8") as h:
                text = h.read()
            start = text.find('<pre class="rust">')
            end = text.find("</code></pre>", start)
            if start < 0:
                continue
            body = MARK.sub("", text[text.find("<code>", start) + 6:end])
            out += _page(body, page, crate, src_root)
    return out


def _file_of(page, crate, src_root):
    inner = page[len("src/" + crate) + 1:-len(".html")]
    inner = inner.replace("../", "")
    return posixpath.normpath(posixpath.join(src_root, inner))


def _page(body, page, crate, src_root):
    out, line, col, open_at = [], 1, 1, None
    here = _file_of(page, crate, src_root)
    for m in TAG.finditer(body):
        t = m.group(0)
        if t[0] == "<":
            if t.startswith("<a "):
                h = HREF.search(t)
                open_at = (line, col, h.group(1) if h else "", "")
            elif t == "</a>" and open_at:
                l, c, href, words = open_at
                open_at = None
                a = ANCHOR.search(href)
                if not a:
                    continue
                target = href[:a.start()]
                if target:
                    target = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
                    if not target.startswith("src/" + crate + "/"):
                        continue
                    target = _file_of(target, crate, src_root)
                else:
                    target = here
                ids = re.findall(r"(?:r#)?[A-Za-z_][A-Za-z0-9_]*", words)
                if ids:
                    word = ids[-1]
                    out.append({"file": here, "line": l, "col": c + words.rindex(word), "text": word,
                                "to_file": target, "to_line": int(a.group(1))})
            continue
        plain = html.unescape(t)
        if open_at:
            open_at = open_at[:3] + (open_at[3] + plain,)
        nl = plain.count("\n")
        if nl:
            line += nl
            col = len(plain) - plain.rfind("\n")
        else:
            col += len(plain)
    return out


def own_parameters(doc):
    """Fns with a parameter of their own name: (file, line, name) -> where the fn ends."""
    out = {}
    for item in doc["index"].values():
        fn, s = item["inner"].get("function"), item["span"]
        if item["crate_id"] == 0 and fn and s and item["name"] in (i[0] for i in fn["sig"]["inputs"]):
            out[s["filename"], s["begin"][0], item["name"]] = tuple(s["end"])
    return out


def definitions_of_macros(owners):
    out = collections.defaultdict(list)
    for o in owners.values():
        s = o["span"]
        if o.get("sub") == "Macro" and s and not s["macro"]:
            out[s["file"]].append(((s["line"], s["col"]), (s["end_line"], s["end_col"])))
    return out


def is_own_parameter(k, word, own, source):
    """In a fn with a parameter of its own name, the bare name is the parameter's; rustdoc's target, a line, is both's."""
    end = own.get((k["to_file"], k["to_line"], word))
    if not end or k["file"] != k["to_file"] or not (k["to_line"], 0) <= (k["line"], k["col"]) <= end:
        return False
    before = ((source.text(k["file"], k["line"], 1) or "")[:k["col"] - 1]).rstrip()
    if before.endswith("r#"):
        before = before[:-2].rstrip()
    return before.endswith("..") or not before.endswith((".", "::"))


def in_macro_definition(k, macros):
    at = (k["line"], k["col"])
    return any(a <= at < b for a, b in macros.get(k["file"], ()))


def keep_links(links, items, modules, own, macros, source):
    """Drops links to local variables and lifetimes: only what ends at an item of that name stays."""
    kept, variables, dropped = [], [], collections.Counter()
    for k in links:
        at = (k["to_file"], k["to_line"])
        here = items.get(at)
        word = k["text"][2:] if k["text"].startswith("r#") else k["text"]
        if in_macro_definition(k, macros):
            dropped["in a macro_rules! definition"] += 1
        elif not here:
            dropped["no item at the target's line"] += 1
        elif word in ("self", "Self", "crate", "super"):
            dropped["self, Self, crate, super"] += 1
        elif is_own_parameter(k, word, own, source):
            dropped["a parameter named as its fn"] += 1
            variables.append([k["file"], k["line"], k["col"]])
        elif word in here or word[:1].isupper():
            if word in here:
                k["kind"] = here[word]
            if word in here and here[word] == "module":
                k["module"] = modules.get(at, "")
            kept.append(k)
        else:
            dropped["a local variable, or a renamed lower-case item"] += 1
            variables.append([k["file"], k["line"], k["col"]])
    return kept, variables, dict(dropped)


def items_of(doc, owners):
    """(file, line) -> {name: kind} of every named item."""
    items, modules = collections.defaultdict(dict), {}
    for item in doc["index"].values():
        if item["crate_id"] != 0 or not item["name"] or not item["span"]:
            continue
        kind = next(iter(item["inner"]))
        if kind == "impl":
            continue
        at = (item["span"]["filename"], item["span"]["begin"][0])
        items[at][item["name"]] = kind
        if kind == "module":
            p = doc["paths"].get(str(item["id"]))
            if p:
                modules[at] = "::".join(p["path"])
    for path, o in owners.items():
        s = o["span"]
        if not s or s["macro"] or o.get("sub") in ("Impl", "Use"):
            continue
        name = re.sub(r"#\d+$", "", path.rpartition("::")[2])
        if not name.startswith("{"):
            items[s["file"], s["line"]].setdefault(name, (o.get("sub") or o["kind"]).lower())
    return items, modules


# ---- all of it

def read_raw(crate, force=False):
    """Everything rustc and rustdoc print, read but not yet judged; kept, since printing it takes minutes."""
    cache = os.path.join(crate.truth, "raw.pickle")
    if not force and os.path.exists(cache):
        with open(cache, "rb") as f:
            raw = pickle.load(f)
        if raw["version"] == RAW_VERSION:
            return raw
    note = rustc.record(crate)
    raw = {"version": RAW_VERSION, "note": note}
    raw["owners"] = rustc.read_hir(rustc.lines(crate, note, "-Zunpretty=hir-tree"))
    raw["bodies"] = list(rustc.read_thir(rustc.lines(crate, note, "-Zunpretty=thir-flat", "-Zverbose-internals")))
    raw["mir"] = list(rustc.read_mir(rustc.lines(crate, note, "-Zunpretty=mir", "-Zmir-include-spans=on",
                                                 "-Zmir-opt-level=0", "-Ztrim-diagnostic-paths=no")))
    for what, flags in (("doc", ("--output-format", "json")), ("pages", ("--generate-link-to-definition",))):
        out = os.path.join(crate.truth, what)
        shutil.rmtree(out, ignore_errors=True)
        rustc.rustdoc(crate, note, out, "--document-private-items", "--document-hidden-items", *flags)
        if what == "doc":
            with open(os.path.join(out, note["crate"] + ".json"), encoding="utf-8") as f:
                raw["doc"] = json.load(f)
            for item in raw["doc"]["index"].values():
                item["docs"] = item["links"] = None
        else:
            root_file = next(a for a in note["args"] if a.endswith(".rs") and not a.startswith("-"))
            raw["links"] = read_links(out, note["crate"], os.path.dirname(root_file))
        shutil.rmtree(out)
    with open(cache + ".new", "wb") as f:
        pickle.dump(raw, f)
    os.replace(cache + ".new", cache)
    return raw


def cached(crate):
    """The kept truth, or None."""
    path = os.path.join(crate.truth, "truth.json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            kept = json.load(f)
        if kept.get("version") == VERSION:
            return kept
    return None


def build(crate, force=False):
    kept = None if force else cached(crate)
    if kept:
        return kept
    raw = read_raw(crate, force)
    note, owners, bodies, mir = raw["note"], raw["owners"], raw["bodies"], raw["mir"]
    local = Local(note["crate"], owners, Sources(crate.dir))
    implements, skipped = read_implements(raw["doc"], local.names)
    local.learn_headers(implements)
    for i in implements:
        for k in ("header", "members", "used"):
            i.pop(k, None)
    calls, unused = read_calls(local, bodies)
    items, modules = items_of(raw["doc"], owners)
    links, variables, dropped = keep_links(raw["links"], items, modules, own_parameters(raw["doc"]),
                                           definitions_of_macros(owners), local.source)
    by_hir = collections.Counter((i["head"], i["trait"]) for i in local.impls.values()
                                 if i["trait"] and not i["negative"] and i["trait"] not in MARKERS)
    by_doc = collections.Counter((i["head"], i["trait"]) for i in implements)
    in_bodies = beside_rustdoc(local, by_hir - by_doc, implements)
    out = {
        "version": VERSION, "crate": note["crate"], "package": crate.label,
        "cfg": [a for i, a in enumerate(note["args"]) if i and note["args"][i - 1] == "--cfg"],
        "implements": implements,
        "implements_in_bodies": in_bodies,
        "calls": calls, "links": links,
        "variables": variables,
        "impl_heads": learn_heads(bodies, mir),
        "checks": {
            "implements_skipped": skipped,
            "implements_only_rustdoc": sorted(map(list, (by_doc - by_hir).items()))[:20],
            "calls_without_caller": unused, "mir": cross_check(local, bodies, mir), "links_dropped": dropped,
            "local_impls": len(local.impls), "definitions": len(owners),
        },
    }
    cache = os.path.join(crate.truth, "truth.json")
    with open(cache + ".new", "w", encoding="utf-8") as f:
        json.dump(out, f)
    os.replace(cache + ".new", cache)
    return out
