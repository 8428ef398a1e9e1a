"""Runs rustc and rustdoc on a fetched crate and reads what they print.

hir-tree   -> every owner (fn, impl, trait ...) with its definition path, kind and span; every impl's header
thir-flat  -> every typed body: each call with the definition rustc selected and its type arguments
mir        -> every call of the built MIR, as pretty text: names the types of external inherent impls, and is
              counted against the typed bodies as a cross-check
"""
import json
import os
import re
import subprocess

import corpus

DEF = re.compile(r"DefId\((\d+):\d+ ~ ([A-Za-z0-9_]+)\[[0-9a-f]+\]((?:::.*)?)\)$")
SPAN = re.compile(r"^(.*?):(\d+):(\d+): (\d+):(\d+) \(#(\d+)\)$")
DROP = ("--emit", "--out-dir", "--error-format", "--json", "--diagnostic-width", "--remap-path-prefix")
DROP_C = ("metadata=", "extra-filename=", "incremental=", "linker=", "debuginfo=", "split-debuginfo=", "embed-bitcode=",
          "strip=")


def record(crate):
    """How cargo builds the library: {"args": [...], "env": {...}, "crate": name}. Kept beside the truth."""
    note = os.path.join(crate.truth, "rustc.json")
    if not os.path.exists(note):
        os.makedirs(crate.truth, exist_ok=True)
        env = corpus.cargo_env()
        env["ACCURACY_RECORD"] = note + ".new"
        env["RUSTC_WORKSPACE_WRAPPER"] = os.path.join(corpus.HERE, "record_rustc.py")
        os.chmod(env["RUSTC_WORKSPACE_WRAPPER"], 0o755)
        args = ["cargo", "check", "--lib"]
        if crate.features:
            args += ["--features", ",".join(crate.features)]
        for folder, _, files in os.walk(crate.dir):  # touch, so that cargo calls rustc even when it did before
            for name in files:
                if name.endswith(".rs"):
                    os.utime(os.path.join(folder, name))
        corpus.run(args, crate.dir, env)
        os.replace(note + ".new", note)
    with open(note, encoding="utf-8") as f:
        return json.load(f)


def _split(note):
    """The recorded arguments without outputs and messages, and the recorded environment's additions."""
    args, out, i = note["args"], [], 0
    while i < len(args):
        a = args[i]
        if a in DROP:
            i += 2
            continue
        if a.startswith(tuple(d + "=" for d in DROP)):
            i += 1
            continue
        if a == "-C" and i + 1 < len(args) and args[i + 1].startswith(DROP_C):
            i += 2
            continue
        if a.startswith("-C") and a[2:].startswith(DROP_C):
            i += 1
            continue
        out.append(a)
        i += 1
    env = dict(os.environ)
    for k, v in note["env"].items():
        if k.startswith("CARGO") or k == "OUT_DIR" or k not in env:
            env[k] = v
    env["RUSTC_BOOTSTRAP"] = "1"
    for k in ("RUSTC_WORKSPACE_WRAPPER", "ACCURACY_RECORD"):
        env.pop(k, None)
    return out, env


def lines(crate, note, *flags):
    """rustc's standard output, line by line, without the newline."""
    args, env = _split(note)
    cmd = ["nice", "rustc"] + args + ["--cap-lints", "allow"] + list(flags)
    with subprocess.Popen(cmd, cwd=crate.dir, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          encoding="utf-8", errors="replace", bufsize=1 << 20) as p:
        for line in p.stdout:
            yield line.rstrip("\n")
        err = p.stderr.read()
        if p.wait():
            raise RuntimeError("rustc %s failed on %s:\n%s" % (" ".join(flags), crate.label, err[-3000:]))


def rustdoc(crate, note, out, *flags):
    args, env = _split(note)
    kept, i = [], 0
    while i < len(args):  # of rustc's arguments, those that rustdoc takes
        a = args[i]
        if a == "-C":
            kept += args[i:i + 2] if args[i + 1].startswith(("panic=",)) else []
            i += 2
        elif a.startswith("-C"):
            i += 1
        else:
            kept.append(a)
            i += 1
    cmd = ["nice", "rustdoc"] + kept + ["--cap-lints", "allow", "-Zunstable-options", "-o", out] + list(flags)
    done = subprocess.run(cmd, cwd=crate.dir, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError("rustdoc failed on %s:\n%s" % (crate.label, done.stderr[-3000:]))


def definition(text):
    """`DefId(0:5 ~ a[385e]::m::S)` -> (local?, "a::m::S")."""
    m = DEF.match(text.rstrip(","))
    if not m:
        return None
    return m.group(1) == "0", m.group(2) + m.group(3)


def span(text):
    m = SPAN.match(text)
    if not m:
        return None
    f, l1, c1, l2, c2, ctx = m.groups()
    return {"file": f, "line": int(l1), "col": int(c1), "end_line": int(l2), "end_col": int(c2), "macro": ctx != "0"}


# ---- HIR

def read_hir(source):
    """-> {def path: {"kind", "span", "impl": {...}?, "alias": head?}}"""
    owners, cur, path, block, in_node = {}, None, None, None, False
    for line in source:
        if line.startswith("DefId("):
            head = line.split(" => ")[0]
            d = definition(head)
            path = d[1] if d else None
            cur = {"kind": "", "span": None} if path else None
            in_node, block = False, None
            continue
        if cur is None:
            continue
        if line.startswith("    parents:"):
            if path and cur["kind"]:
                owners[path] = cur
            cur = None
            continue
        if not cur["kind"]:
            if line.startswith("        node: "):
                cur["kind"] = line[14:].split("(")[0].strip(" {")
                in_node = True
            continue
        if not in_node:
            continue
        if line.startswith("    },"):
            in_node = False
            continue
        if line.startswith(" " * 16) and line[16:17] != " ":
            rest = line[16:]
            if rest.startswith("kind: ") and "sub" not in cur:
                cur["sub"] = re.split(r"[ ({]", rest[6:].strip())[0].rstrip(",")
                if cur["sub"] in ("Impl", "TyAlias"):
                    block = []
            elif rest.startswith("span: ") and cur["span"] is None:
                cur["span"] = span(rest[6:].rstrip(","))
                if block is not None:
                    cur["block"] = block
                    block = None
            elif rest.startswith("ident: "):
                cur["ident"] = rest[7:].rstrip(",").split("#")[0]
            continue
        if block is not None:
            block.append(line)
    for path, o in owners.items():
        if o.get("sub") == "Impl":
            o["impl"] = _impl_header(o.pop("block", []))
        elif o.get("sub") == "TyAlias":
            body = o.pop("block", [])
            tail = [i for i, l in enumerate(body) if l.startswith(" " * 20 + "Ty {")]
            o["alias"] = _type_head(body[tail[-1]:], 20) if tail else None
    return owners


def _type_head(body, indent):
    """Head of the `Ty {` block that starts the given lines; tuples (tag, detail)."""
    want = " " * (indent + 4) + "kind: "
    for i, line in enumerate(body):
        if not line.startswith(want):
            continue
        kind = line[len(want):].strip()
        tag = re.split(r"[ ({]", kind)[0].rstrip(",")
        rest = body[i + 1:]
        if tag == "Path":
            for j, l in enumerate(rest):
                s = l.strip()
                if s == "TypeRelative(":
                    return ("other", "")
                if s.startswith("res: PrimTy("):
                    return ("prim", _prim(rest, j))
                if s.startswith("res: SelfTy"):
                    return ("self", "")
                if s.startswith("res: Def("):
                    what = rest[j + 1].strip().rstrip(",")
                    d = definition(rest[j + 2].strip())
                    if what == "TyParam":
                        return ("param", d[1] if d else "")
                    return ("def", [d[0], d[1]] if d else None, what)
                if s.startswith("res: Err"):
                    return ("other", "")
            return ("other", "")
        if tag == "Ref":
            for j, l in enumerate(rest):
                if l.strip() in ("ty: Ty {",):
                    return ("ref", _type_head(rest[j:], len(l) - len(l.lstrip())))
            return ("ref", ("other", ""))
        if tag == "TraitObject":
            for j, l in enumerate(rest):
                if l.strip() == "Trait,":
                    d = definition(rest[j + 1].strip())
                    return ("dyn", [d[0], d[1]] if d else None)
            return ("dyn", None)
        return {"Slice": ("slice", ""), "Array": ("array", ""), "Tup": ("tuple", ""), "Ptr": ("ptr", ""),
                "FnPtr": ("fn", ""), "BareFn": ("fn", ""), "Never": ("never", "")}.get(tag, ("other", tag))
    return ("other", "")


def _prim(rest, j):
    for l in rest[j:j + 6]:
        m = re.search(r"\b(?:PrimTy\()?([a-z][a-z0-9]*|Bool|Char|Str)\b,?\)?$", l.strip())
        if m and m.group(1) not in ("res",):
            return m.group(1).lower()
        m = re.match(r"^(Int|Uint|Float)\($", l.strip())
        if m:
            continue
        m = re.match(r"^([IUF]\d+|Isize|Usize),$", l.strip())
        if m:
            return m.group(1).lower()
    return "?"


def _impl_header(body):
    out = {"trait": None, "negative": False, "head": ("other", "")}
    for i, line in enumerate(body):
        s = line.strip()
        if line.startswith(" " * 24 + "of_trait: Some("):
            for j in range(i, len(body)):
                if body[j].strip() == "Trait,":
                    d = definition(body[j + 1].strip())
                    out["trait"] = [d[0], d[1]] if d else None
                    break
        elif s.startswith('polarity: "negative') or s.startswith("polarity: Negative"):
            out["negative"] = True
        elif line.startswith(" " * 24 + "self_ty: Ty {"):
            out["head"] = _type_head(body[i:], 24)
            break
    return out


# ---- THIR

def read_thir(source):
    """-> yields (body def path, list of calls); a call: callee (local?, path), args, hir, span, fn_span, direct?"""
    path, exprs, cur, in_exprs = None, [], None, False
    state = None
    for line in source:
        if line.startswith("DefId("):
            d = definition(line.rstrip(":"))
            path, exprs, cur, in_exprs = (d[1] if d else None), [], None, False
            continue
        if path is None:
            continue
        if line == "}":
            yield path, _calls(exprs)
            path = None
            continue
        if line.startswith("    ") and line[4:5] not in (" ", "]"):
            in_exprs = line.startswith("    exprs: [")
            continue
        if not in_exprs:
            continue
        if line == "        Expr {":
            cur, state = {"kind": ""}, None
            continue
        if line == "        },":
            if cur is not None:
                exprs.append(cur)
            cur = None
            continue
        if cur is None:
            continue
        if line[12:13] != " ":
            rest = line[12:]
            if rest.startswith("kind: "):
                kind = re.split(r"[ ({]", rest[6:])[0].rstrip(",")
                cur["kind"] = kind
                state = kind if kind in ("Call", "Scope", "Use", "NeverToAny") else None
            elif rest.startswith("span: "):
                cur["span"] = rest[6:].rstrip(",")
            else:
                state = None
            continue
        if state == "Call":
            if line[16:17] != " ":
                rest = line[16:]
                if rest.startswith("ty: "):
                    cur["fn"] = rest.startswith("ty: FnDef(")
                    cur["args"] = []
                elif rest.startswith("fun: "):
                    cur["fun"] = int(rest[6:].rstrip(","))
                elif rest.startswith("from_hir_call: "):
                    cur["hir"] = rest[15:].startswith("true")
                elif rest.startswith("fn_span: "):
                    cur["fn_span"] = rest[9:].rstrip(",")
            elif cur.get("fn"):
                if line[20:21] != " ":
                    if line[20:].startswith("DefId("):
                        cur["callee"] = definition(line[20:].strip())
                elif line[24:25] != " " and "callee" in cur and "fun" not in cur:
                    cur["args"].append(line[24:].rstrip(","))
        elif state in ("Scope", "Use", "NeverToAny") and line.startswith("                value: e") or \
                state in ("Use", "NeverToAny") and line.startswith("                source: e"):
            cur["value"] = int(line.rstrip(",").rsplit("e", 1)[-1])


def _calls(exprs):
    out = []
    for e in exprs:
        if e["kind"] != "Call" or not e.get("fn") or not e.get("callee"):
            continue
        at, steps = e.get("fun"), 0
        while at is not None and at < len(exprs) and exprs[at]["kind"] in ("Scope", "Use") and steps < 20:
            at, steps = exprs[at].get("value"), steps + 1
        kind = exprs[at]["kind"] if at is not None and at < len(exprs) else ""
        out.append({"callee": e["callee"], "args": [a for a in e["args"] if not a.startswith("'")],
                    "hir": e.get("hir", True), "span": e.get("span", ""), "fn_span": e.get("fn_span", ""),
                    "direct": kind == "ZstLiteral"})
    return out


# ---- MIR

MIR_CALL = re.compile(r"^        (?:.* = )?(.+) -> (?:\[return|unwind|bb\d).*; +// scope \d+ at (.*)$")


def read_mir(source):
    """-> yields (callee text, "file:l:c: l:c") for every call of a named item."""
    for line in source:
        if " -> " not in line or not line.startswith("        ") or "// scope" not in line:
            continue
        body, _, where = line.rpartition("// scope ")
        where = where.split(" at ", 1)[-1]
        body = body.strip().rstrip(";")
        cut = max(body.rfind(" -> [return"), body.rfind(" -> unwind"), body.rfind(" -> bb"))
        if cut < 0:
            continue
        body = body[:cut]
        eq = body.find(" = ")
        text = body[eq + 3:] if eq >= 0 else body
        if text.startswith(("move ", "copy ", "drop(", "switchInt", "assert(", "const ", "falseEdge", "yield(")):
            continue
        name = _callee_text(text)
        if name:
            yield name, where


def _callee_text(text):
    """Text before the argument list: the first `(` at depth 0 that follows an identifier or `>`."""
    depth = 0
    for i, c in enumerate(text):
        if c in "<[{":
            depth += 1
        elif c in "]}" or (c == ">" and text[i - 1] not in "-="):
            depth -= 1
        elif c == "(":
            if depth == 0:
                return text[:i] if i else None
            depth += 1
        elif c == ")":
            depth -= 1
    return None
