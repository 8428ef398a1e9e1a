"""Holds one export against one truth. Everything is sets (implements: counts) of canonical names, see names.py."""
import collections
import json
import os
import re

import cfg
import names
import truth as truths

OTHER_TARGET = re.compile(r"\[(?:(?:bin|test|bench|example|lib):[^\]]*|build|bin|test|bench|example)\]")
CALLERS = {"fn", "method", "const", "static", "assoc_const"}
IMPLICIT = {"deref", "operator", "index", "for", "try", "await", "forwarded", "macro"}  # vias of calls nobody wrote by name
MACRO_CALL = re.compile(r"\b[A-Za-z_]\w*\s*!\s*(?:[A-Za-z_]\w*\s*)?([({\[])")
SKIP = re.compile(r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:[^"\\]|\\.)*"|b?\'(?:[^\'\\\n]|\\[^\n][^\'\n]*)\'', re.S)
KIND = {"function": "fn", "method": "fn", "struct_field": "field", "constant": "const", "assoc_const": "const",
        "assoc_type": "type", "type_alias": "type", "tyalias": "type", "mod": "module"}  # of rustdoc, rustc and ours
RANK = {"exact": 0, "inferred": 1, "candidate": 2}


class Score:
    """Counts of right, wrong and missed, and the differences themselves."""

    def __init__(self):
        self.right = self.wrong = self.found = self.missed = self.accepted = 0
        self.wrong_rows, self.missed_rows = [], []

    def add(self, other):
        for k in ("right", "wrong", "found", "missed", "accepted"):
            setattr(self, k, getattr(self, k) + getattr(other, k))

    @property
    def precision(self):
        n = self.right + self.wrong
        return self.right / n if n else None

    @property
    def recall(self):
        n = self.found + self.missed
        return self.found / n if n else None

    @property
    def f1(self):
        p, r = self.precision, self.recall
        return None if p is None or r is None else 2 * p * r / (p + r) if p + r else 0.0

    def row(self):
        return {"ours": self.right + self.wrong, "truth": self.found + self.missed, "right": self.right,
                "wrong": self.wrong, "missed": self.missed, "accepted": self.accepted,
                "precision": self.precision, "recall": self.recall, "f1": self.f1}


class Export:
    """Our side: the lib target's nodes and edges that are on under the truth's cfg."""

    def __init__(self, lines, crate, active):
        self.on, self.names = cfg.Evaluator(active), names.Names(crate)
        self.nodes, self.edges, self.dropped = {}, [], collections.Counter()
        rows, elsewhere = [], set()
        for line in lines:
            line = line.strip()
            if not line:
                continue
            r = json.loads(line)
            if r.get("t") == "node":
                if OTHER_TARGET.search(r["path"]):
                    self.dropped["node of another target"] += 1
                    elsewhere.add(r.get("file"))
                elif not self.on(r.get("cfg")):
                    self.dropped["node off under this cfg"] += 1
                elif r.get("test"):  # #[test] says cfg(test) without writing it
                    self.dropped["test, which rustc was not asked for"] += 1
                else:
                    self.nodes[r["id"]] = r
            elif r.get("t") == "edge":
                rows.append(r)
        # External nodes (`&`, a type of std) stand nowhere: where their edges do tells the target.
        elsewhere -= {n.get("file") for n in self.nodes.values() if not n.get("external")}
        for r in rows:
            if r.get("file") and r["file"] in elsewhere:
                self.dropped["edge in a file of another target"] += 1
            elif r["from"] not in self.nodes or r["to"] not in self.nodes:
                self.dropped["edge of a dropped node"] += 1
            elif not self.on(r.get("cfg")):
                self.dropped["edge off under this cfg"] += 1
            else:
                self.edges.append(r)
        self.canon = {i: self.names.item(n["path"], bool(n.get("external"))) for i, n in self.nodes.items()}

    def external(self, i):
        return bool(self.nodes[i].get("external"))


# ---- implements

def _reduce(head):
    return "&" if head.startswith("&") else head


def _source_lines(root, file, cache={}):
    key = os.path.join(root, file or "")
    if key not in cache:
        try:
            with open(key, encoding="utf-8", errors="replace") as f:
                cache[key] = f.read().split("\n")
        except OSError:
            cache[key] = []
    return cache[key]


def _source_line(root, file, line):
    rows = _source_lines(root, file)
    return rows[line - 1] if 0 < line <= len(rows) else ""


def implements(export, truth, root, candidates=False):
    want, where, origin = collections.defaultdict(set), collections.defaultdict(set), {}
    for i in truth["implements"]:
        key = (_reduce(i["head"]), i["trait"])
        want[key].add((i["file"], i["line"]))
        origin[key] = i["origin"]
    spare = collections.Counter()
    for h, t, k in truth["implements_in_bodies"]:
        spare[_reduce(h), t] += k
    have, ours_origin = collections.defaultdict(set), {}
    confidence = collections.defaultdict(lambda: "candidate")
    for e in export.edges:
        if e["kind"] != "implements" or (not candidates and e.get("confidence") == "candidate"):
            continue
        n, t = export.nodes[e["from"]], export.nodes[e["to"]]
        text = _source_line(root, e.get("file"), e.get("line", 0))
        if re.match(r"\s*(?:unsafe\s+)?impl\b[^{]*!\s*(?:\w+::)*\w+\s+for\b", text):
            continue  # a negative impl
        if n["kind"] == "impl":
            head = "*"
        elif n["kind"] == "trait":
            head = "dyn " + export.names.trait(n["path"])
        else:
            head = export.names.head(n["path"])
        key = (_reduce(head), export.names.trait(t["path"]))
        if key[1] in truths.MARKERS:
            continue
        have[key].add((e.get("file"), e.get("line")))
        derive = e.get("via") == "derive" or "derive" in text
        ours_origin[key] = "derive" if derive else "hand"
        confidence[key] = min(confidence[key], e.get("confidence", "exact"), key=lambda c: RANK.get(c, 2))
    out = {"all": Score(), "hand": Score(), "derive": Score(), "in bodies": Score()}
    for key, k in spare.items():
        hit = min(k, max(0, len(have.get(key, ())) - len(want.get(key, ()))))
        s = out["in bodies"]
        s.right, s.found, s.missed = s.right + hit, s.found + hit, s.missed + k - hit
        if k > hit:
            s.missed_rows.append(key)
    by_confidence = collections.defaultdict(Score)
    same_place = total_place = 0
    for key in sorted(set(want) | set(have)):
        w, h = len(want.get(key, ())), len(have.get(key, ()))
        right = min(w, h)
        extra = max(0, h - w - spare[key])
        o = origin.get(key) or ours_origin.get(key, "hand")
        for s in (out["all"], out[o]):
            s.right += right
            s.found += right
            s.wrong += extra
            s.missed += w - right
            s.accepted += h - right - extra
            if extra:
                s.wrong_rows += [key + place for place in sorted(have[key] - want.get(key, set()), key=str)][:extra]
            if w > right:
                s.missed_rows += [key + place for place in sorted(want[key] - have.get(key, set()), key=str)][:w - right]
        if h:
            c = by_confidence[confidence[key]]
            c.right, c.wrong = c.right + right, c.wrong + extra
        if right:
            same_place += len(want[key] & have[key])
            total_place += right
    return out, by_confidence, (same_place, total_place)


# ---- calls

def call_truth(truth, heads):
    """-> demanded {(caller, callee): site}, local ones; accepted pairs; forwarded pairs; classes of each pair."""
    demand, accepted, forwarded, classes = {}, set(), {}, collections.defaultdict(set)
    local, instead, unnamed = set(), {}, 0
    for c in truth["calls"]:
        callee = c["callee"]
        if callee is None:
            head = heads.get(c["impl"])
            member = re.sub(r"#\d+$", "", c["raw"].rpartition("::")[2])
            if head is None:
                unnamed += 1
                callee = None
            else:
                callee = "%s:%s::%s" % (names.crate_class(c["impl"].split("::")[0]), head, member)
        site = (c["file"], c["line"], c["col"], c["macro"])
        for f in c["forward"]:
            forwarded.setdefault((c["caller"], f), site)
        for m in c["may"]:
            accepted.add((c["caller"], m))
        if callee is None:
            continue
        pair = (c["caller"], callee)
        if c["internal"] or not c["direct"] or (c["await"] and not c["local"]):
            accepted.add(pair)
            continue
        demand.setdefault(pair, site)
        if c["local"]:
            local.add(pair)
        if "plain" in c:
            instead[(c["caller"], c["plain"])] = pair
        classes[pair].add("await" if c["await"] else "sugar" if c["sugar"] else "macro" if c["macro"] else "written")
    accepted -= set(demand)
    return {"demand": demand, "local": local, "accepted": accepted, "forwarded": forwarded, "classes": classes,
            "instead": instead, "unnamed": unnamed}


def calls(export, truth, heads, candidates):
    t = call_truth(truth, heads)
    ours, site, via, conf, rule = {}, {}, collections.defaultdict(set), {}, {}
    for e in export.edges:
        if e["kind"] != "calls":
            continue
        if not candidates and e.get("confidence") == "candidate":
            continue
        if export.nodes[e["from"]]["kind"] not in CALLERS:
            continue
        pair = (export.canon[e["from"]], export.canon[e["to"]])
        ours[pair] = ours.get(pair, False) or not export.external(e["to"])
        site.setdefault(pair, (e.get("file"), e.get("line"), e.get("col")))
        via[pair].add(e.get("via") or "path")
        c = e.get("confidence", "exact")
        if pair not in conf or RANK.get(c, 2) < RANK.get(conf[pair], 2):
            conf[pair], rule[pair] = c, e.get("rule") or "written"
    out = {"local": Score(), "all": Score(), "forwarded": Score()}
    by_confidence = {"local": collections.defaultdict(Score), "all": collections.defaultdict(Score)}
    by_via = {"local": collections.defaultdict(Score), "all": collections.defaultdict(Score)}
    by_class = {"local": collections.defaultdict(Score), "all": collections.defaultdict(Score)}
    by_rule = collections.defaultdict(Score)
    why = collections.Counter()
    known_callers = {c for c, _ in t["demand"]}
    for pair, is_local in ours.items():
        if via[pair] == {"forwarded"}:
            s = out["forwarded"]
            if pair in t["forwarded"]:
                s.right += 1
            elif pair in t["demand"]:
                s.accepted += 1
            else:
                s.wrong += 1
                s.wrong_rows.append(pair + site[pair] + (conf[pair], "forwarded"))
            if pair not in t["demand"]:
                continue
        for table in ("local", "all") if is_local else ("all",):
            want = t["local"] if table == "local" else t["demand"]
            s = out[table]
            cells = [by_confidence[table][conf[pair]]] + [by_via[table][v] for v in via[pair]]
            if table == "all":
                cells.append(by_rule[rule[pair]])
            if pair in want:
                for x in [s] + cells:
                    x.right += 1
            elif pair in t["accepted"] or pair in t["forwarded"]:
                for x in [s] + cells:
                    x.accepted += 1
            else:
                for x in [s] + cells:
                    x.wrong += 1
                reason = ("trait for impl" if pair in t["instead"] else
                          "caller unknown to rustc" if pair[0] not in known_callers else "other callee")
                if table == "all":
                    why["wrong: " + reason] += 1
                s.wrong_rows.append(pair + site[pair] + (conf[pair], "/".join(sorted(via[pair])), reason))
    ours_callers = {c for c, _ in ours}
    for table in ("local", "all"):
        s = out[table]
        for pair in (t["local"] if table == "local" else t["demand"]):
            hit = pair in ours
            for x in [s] + [by_class[table][c] for c in t["classes"][pair]]:
                if hit:
                    x.found += 1
                else:
                    x.missed += 1
            if not hit:
                if table == "all":
                    why["missed: " + ("caller has no calls of ours" if pair[0] not in ours_callers else
                                      "external callee" if pair not in t["local"] else "local callee")] += 1
                s.missed_rows.append(pair + t["demand"][pair][:3] +
                                     ("/".join(sorted(t["classes"][pair])),))
    for pair, where in t["forwarded"].items():
        s = out["forwarded"]
        if pair in ours:
            s.found += 1
        else:
            s.missed += 1
            s.missed_rows.append(pair + where[:3] + ("forwarded",))
    return out, by_confidence, by_via, by_class, by_rule, dict(why), t["unnamed"]


# ---- uses

def macro_calls(root, file, line, cache={}):
    """The last lines of the macro calls (of any bracket) that begin on a line, by bracket matching in the source."""
    key = (root, file, line)
    if key not in cache:
        out, rows = [], _source_lines(root, file)
        for m in MACRO_CALL.finditer(rows[line - 1]) if line <= len(rows) else ():
            rest = "\n".join([rows[line - 1][m.start(1):]] + rows[line:])
            end = names.closing_bracket(SKIP.sub(lambda x: re.sub(r"[^\n]", " ", x.group(0)), rest))
            out.append(line + rest.count("\n", 0, end) if end > 0 else line)
        cache[key] = out
    return cache[key]


def in_macro_call(root, node, link):
    """rustdoc tells what an item macro makes by the line of the call when the item's keyword is the macro's own; ours is
    the line of the item's own tokens. One item then: a call begins at rustdoc's line, ours lies in it, name and kind agree.
    -> where the call ends, or 0"""
    if not root or link.get("module") or node.get("file") != link["to_file"] or not link["to_line"] < node.get("line", 0):
        return 0
    name = link["text"][2:] if link["text"].startswith("r#") else link["text"]
    if node.get("name") != name or KIND.get(node["kind"], node["kind"]) != KIND.get(link.get("kind"), link.get("kind")):
        return 0
    return max([end for end in macro_calls(root, link["to_file"], link["to_line"]) if node["line"] <= end], default=0)


def is_implicit(edge, callee, linked):
    """A call of ours that nobody wrote by name stands where its operand or receiver does, and that one may be linked."""
    return edge["kind"] == "calls" and edge.get("via") in IMPLICIT and linked != callee.get("name")


def uses(export, truth, root=None):
    def target(i):
        n = export.nodes[i]
        return ("module", n["path"]) if n["kind"] == "module" else (n.get("file"), n.get("line"))

    over = {}
    for e in export.edges:
        if e["kind"] == "overrides":
            over[e["from"]] = e["to"]
    want, tokens, made = {}, {}, collections.defaultdict(list)
    for k in truth["links"]:
        to = ("module", k["module"]) if k.get("module") else (k["to_file"], k["to_line"])
        want[k["file"], k["line"], to] = k["text"]
        tokens.setdefault((k["file"], k["line"], k["col"]), (to, k["text"]))
        made[k["file"], k["line"]].append((k, to))
    variables = {tuple(v) for v in truth["variables"]}
    # What a macro makes stands at its call, where rustdoc links the macro alone: nothing there can be judged.
    macros = {(e.get("file"), e.get("line"), e.get("col")) for e in export.edges if e["kind"] == "expands"}

    named = {(e.get("file"), e.get("line"), e.get("col")) for e in export.edges if e["kind"] == "expands"
             and (e.get("file"), e.get("line"), target(e["to"])) in want}

    def is_module_file(i, link):
        """rustdoc links a module to its file's first item, a crate to its root's."""
        n, file = export.nodes[i], (link[0] or "") if isinstance(link, tuple) else ""
        if n["kind"] == "crate":
            return file.endswith(("/lib.rs", "/main.rs"))
        return n["kind"] == "module" and file.endswith(("/%s.rs" % n["name"], "/%s/mod.rs" % n["name"]))

    alike = collections.defaultdict(set)
    for n in export.nodes.values():
        if not n.get("external"):
            alike[n.get("file"), n.get("name"), KIND.get(n["kind"], n["kind"])].add((n.get("line"), n.get("col"), n["path"]))

    score, by_kind, seen = Score(), collections.defaultdict(Score), set()
    for e in export.edges:
        if e["kind"] in ("contains", "overrides") or export.external(e["to"]) or e.get("confidence") == "candidate":
            continue
        here = (e.get("file"), e.get("line"))
        keys = [here + (target(e["to"]),)]
        if e["to"] in over and not export.external(over[e["to"]]):
            keys.append(here + (target(over[e["to"]]),))
        seen.update(keys)
        at = here + (e.get("col"),)
        linked, text = tokens.get(at, (None, None))
        to = export.nodes[e["to"]]
        declared = to["kind"] == "module" and linked == (to.get("file"), to.get("line"))
        if linked and (declared or is_module_file(e["to"], linked)):
            keys.append(here + (linked,))
            seen.add(keys[-1])
        unclear = False
        for k, link in made.get(here, ()):
            end = in_macro_call(root, to, k) if link != keys[0][2] else 0
            if end and len({x for x in alike[to.get("file"), to["name"], KIND.get(to["kind"], to["kind"])]
                            if k["to_line"] < x[0] <= end}) == 1:
                keys.append(here + (link,))
                seen.add(keys[-1])
            elif end:
                unclear = unclear or (k["file"], k["line"], k["col"]) == at
        for s in (score, by_kind[e["kind"]]):
            if any(k in want for k in keys):
                s.right += 1
            elif at in macros and (e["kind"] != "expands" or at in named):
                s.accepted += 1
            elif at in variables and export.nodes[e["to"]]["kind"] == "field":
                s.accepted += 1  # a field by its shorthand is both; rustdoc tells the variable
            elif unclear or (at in tokens or at in variables) and is_implicit(e, to, text):
                s.accepted += 1
            elif at in tokens or at in variables:
                s.wrong += 1
                if s is score:
                    s.wrong_rows.append(at + ("ours", export.nodes[e["to"]]["path"], "rustdoc",
                                              linked or "a local variable", e["kind"]))
            else:
                s.accepted += 1
    own = {(n.get("file"), n.get("line")): n["name"] for n in export.nodes.values() if not n.get("external")}
    for key, text in want.items():
        if key[2] == key[:2] or (key[2][0] == "module" and own.get(key[:2]) == text):
            continue  # rustdoc links a name in its own definition, and `mod x;` to the module: no uses
        if key in seen:
            score.found += 1
        else:
            score.missed += 1
            score.missed_rows.append(key[:2] + (text,) + (key[2],))
    return score, by_kind
