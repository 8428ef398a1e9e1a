"""Types with their arguments, as far as they tell impls apart: one from rustdoc's JSON (an impl's header), one from the text
that rustc prints (a call's type arguments), and whether the first can be the second.

  ("any",)  not known: fits all             ("var", name)   the impl's own type or const parameter
  ("param", text)  the caller's parameter   ("named", canonical name, first module of std, [arguments])
  ("ref" | "ptr", mut?, type)   ("slice", type)   ("array", type, length)   ("tuple", [types])   ("const", text)
  ("dyn", trait)   ("fn",)   ("never",)
"""
import re

import names

ANY = ("any",)
LEAF = re.compile(r"ValTree\(Leaf\(0x([0-9a-f]+)\)")
OF_SELF = {"PartialEq", "PartialOrd"} | {x + y for y in ("", "Assign") for x in (  # std's traits whose argument is Self by default
    "Add", "Sub", "Mul", "Div", "Rem", "BitAnd", "BitOr", "BitXor", "Shl", "Shr")}


# ---- what rustc prints

def of_text(n, text):
    t = text.strip()
    while t.startswith("for<"):
        t = t[names.closing(t, 3) + 1:].strip()
    leaf = LEAF.match(t)
    if leaf:
        return ("const", str(int(leaf.group(1), 16)))
    if re.match(r"\d", t):
        return ("const", re.match(r"\d+", t).group(0))
    if not t or t.endswith("}"):  # a fn item or closure
        return ANY
    if t[0] == "&":
        t = re.sub(r"^'(?:\{erased\}|[^\s,>]+)\s*", "", t[1:].strip())
        mut = re.match(r"mut\s+", t)
        return ("ref", bool(mut), of_text(n, t[mut.end():] if mut else t))
    pointer = re.match(r"\*(const|mut)\s+", t)
    if pointer:
        return ("ptr", pointer.group(1) == "mut", of_text(n, t[pointer.end():]))
    if t[0] == "(":
        if names.closing(t, 0) != len(t) - 1:
            return ANY
        parts = names.split_top(t[1:-1], ",")
        if len(parts) == 1 and parts[0].strip():
            return of_text(n, parts[0])
        return ("tuple", [of_text(n, p) for p in parts if p.strip()])
    if t[0] == "[":
        parts = names.split_top(t[1:-1], ";")
        inner = of_text(n, parts[0])
        return ("array", inner, of_text(n, parts[1])) if len(parts) > 1 else ("slice", inner)
    if t.startswith("dyn "):
        trait = re.search(r"\bTrait\(([\w:]+)", t) or re.match(r"dyn ([\w:]+)", t)
        return ("dyn", n.trait(trait.group(1))) if trait else ANY
    h = n.head(t)
    if h == "?" or t[0] in "<{" or re.match(r"(?:Alias|Closure|Coroutine\w*|FnDef|FnPtr|Binder|ValTree)\b", t):
        return ANY
    if h == "*":
        return ("param", t) if "/#" in t else ANY
    if h in ("fn", "never"):
        return (h,)
    return ("named", h, _module(names.segments(t)), [of_text(n, a) for a in arguments(t)])


def arguments(text):
    """The type and const arguments of a path's last segment that has any."""
    last = names.split_top(text, "::")[-1]
    at = last.find("<")
    end = names.closing(last, at) if at >= 0 else -1
    return [a for a in names.split_top(last[at + 1:end], ",") if a.strip() and a.strip()[0] != "'"] if end > 0 else []


def _module(segs):
    """std's first module tells io::Error from fmt::Error; those below it are private ones as often as not."""
    return segs[1].replace("core_arch", "arch") if len(segs) > 2 and segs[0] in names.STD else ""


# ---- rustdoc's JSON

class Doc:
    def __init__(self, doc, n):
        self.index, self.paths, self.names = doc["index"], doc["paths"], n

    def trait(self, path):
        p = self.paths.get(str(path["id"]))
        segs = p["path"] if p else path["path"].split("::")
        return self.names.local(segs) or (names.crate_class(segs[0]) if len(segs) > 1 else "?") + ":" + segs[-1]

    def of(self, t, known, depth=0):
        """`known`: what a name of a parameter stands for."""
        if not isinstance(t, dict) or depth > 12:
            return ANY
        (tag, v), = t.items()
        if tag == "generic":
            return known.get(v, ANY)
        if tag == "primitive":
            return {"never": ("never",), "unit": ("tuple", [])}.get(v, ("named", v, "", []))
        if tag == "borrowed_ref":
            return ("ref", v["is_mutable"], self.of(v["type"], known, depth + 1))
        if tag == "raw_pointer":
            return ("ptr", v["is_mutable"], self.of(v["type"], known, depth + 1))
        if tag == "slice":
            return ("slice", self.of(v, known, depth + 1))
        if tag == "array":
            return ("array", self.of(v["type"], known, depth + 1), self.const(v["len"], known))
        if tag == "tuple":
            return ("tuple", [self.of(x, known, depth + 1) for x in v])
        if tag == "dyn_trait":
            return ("dyn", self.trait(v["traits"][0]["trait"]))
        if tag == "function_pointer":
            return ("fn",)
        if tag != "resolved_path":
            return ANY
        args = self.args(v, known, depth)
        item, p = self.index.get(str(v["id"])), self.paths.get(str(v["id"]))
        if item and "type_alias" in item["inner"]:
            alias = item["inner"]["type_alias"]
            params = [q["name"] for q in alias["generics"]["params"] if "lifetime" not in q["kind"]]
            given = dict(zip(params, args + [ANY] * len(params)))
            return self.of(alias["type"], given, depth + 1)
        if not p:
            return ANY
        segs = p["path"]
        if p["kind"] == "type_alias":
            prim = names.c_type(segs)
            return ("named", prim, "", []) if prim else ANY
        local = self.names.local(segs)
        return ("named", local or names.crate_class(segs[0]) + ":" + segs[-1], "" if local else _module(segs), args)

    def const(self, text, known):
        text = str(text)
        return ("const", re.match(r"\d+", text).group(0)) if re.match(r"\d+", text) else known.get(text, ANY)

    def args(self, path, known, depth=0):
        out = []
        for a in ((path.get("args") or {}).get("angle_bracketed") or {}).get("args", []):
            if a == "infer":
                out.append(ANY)
            elif "type" in a:
                out.append(self.of(a["type"], known, depth + 1))
            elif "const" in a:
                out.append(self.const(a["const"]["expr"], known))
        return out

    def header(self, m):
        """An impl's [self type, the trait's arguments ...]."""
        known = {q["name"]: ("var", q["name"]) for q in m["generics"]["params"] if "lifetime" not in q["kind"]}
        me = self.of(m["for"], known)
        known["Self"] = me
        args = self.args(m["trait"], known)
        item = self.index.get(str(m["trait"]["id"]))
        if item and "trait" in item["inner"]:
            params = [q for q in item["inner"]["trait"]["generics"]["params"] if "lifetime" not in q["kind"]]
            known = {"Self": me}
            known.update(zip([q["name"] for q in params], args))
            for q in params[len(args):]:
                args.append(self.of(q["kind"].get("type", {}).get("default"), known))
                known[q["name"]] = args[-1]
        elif not args and self.trait(m["trait"]).startswith("std:") and self.trait(m["trait"])[4:] in OF_SELF:
            args = [me]
        return [me] + args


# ---- whether an impl's type can be a call's

def fits(a, b, bound):
    """`a` out of an impl's header, `b` out of a call. `bound`: what the impl's parameters stand for so far."""
    if a == ANY or b == ANY:
        return True
    if a[0] == "var":
        if a[1] in bound:
            return fits(bound[a[1]], b, {})
        bound[a[1]] = b
        return True
    if a[0] != b[0]:
        return False
    if a[0] in ("param", "const", "dyn", "fn", "never"):
        return a == b
    if a[0] in ("ref", "ptr"):
        return a[1] == b[1] and fits(a[2], b[2], bound)
    if a[0] == "slice":
        return fits(a[1], b[1], bound)
    if a[0] == "array":
        return fits(a[1], b[1], bound) and fits(a[2], b[2], bound)
    if a[0] == "tuple":
        return len(a[1]) == len(b[1]) and all(fits(x, y, bound) for x, y in zip(a[1], b[1]))
    return _same_name(a, b) and all(fits(x, y, bound) for x, y in zip(a[3], b[3]))  # defaults may be left out


def _same_name(a, b):
    if a[1] == b[1]:
        return not a[2] or not b[2] or a[2] == b[2]
    x, y = re.split(r"::|:", a[1]), re.split(r"::|:", b[1])
    outside = ":" in a[1].replace("::", "") or ":" in b[1].replace("::", "")
    return outside and x[0] != y[0] and x[-1] == y[-1]  # named through another crate's re-export


def fit(header, given):
    """header: of an impl; given: the call's self type and further arguments (the trait's come first)."""
    bound = {}
    return len(given) < 1 or all(fits(x, y, bound) for x, y in zip(header, given))


def bare(t):
    while t[0] == "ref":
        t = t[2]
    return t
