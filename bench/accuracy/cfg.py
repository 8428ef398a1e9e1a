"""Reads and evaluates cfg predicates as they stand in the export: `all(feature = "std", not(windows))`."""
import re
import subprocess

TOKEN = re.compile(r'\s*(?:(r?"(?:[^"\\]|\\.)*")|([A-Za-z_][A-Za-z0-9_]*)|([(),=]))')


def active_set(rustc_args=()):
    """The host's cfg set and the --cfg options cargo gave, as {("unix", None), ("feature", "std"), ...}."""
    out = subprocess.run(["rustc", "--print", "cfg"], check=True, capture_output=True, text=True).stdout
    lines = out.split("\n")
    args = list(rustc_args)
    for i, a in enumerate(args):
        if a == "--cfg" and i + 1 < len(args):
            lines.append(args[i + 1])
        elif a.startswith("--cfg="):
            lines.append(a[6:])
    found = set()
    for line in lines:
        line = line.strip()
        if line:
            key, eq, value = line.partition("=")
            found.add((key.strip(), value.strip().strip('"') if eq else None))
    return found


def _tokens(text):
    at, out = 0, []
    text = text.rstrip()
    while at < len(text):
        m = TOKEN.match(text, at)
        if not m:
            raise ValueError("cfg predicate not understood: %r" % text)
        out.append(m.group(1) or m.group(2) or m.group(3))
        at = m.end()
    return out


def evaluate(text, active):
    """True when the predicate holds. Empty text holds always. `cfg(...)` around it is allowed."""
    text = (text or "").strip()
    if not text:
        return True
    toks = _tokens(text)
    pos = 0

    def peek():
        return toks[pos] if pos < len(toks) else None

    def take(want=None):
        nonlocal pos
        t = peek()
        if t is None or (want and t != want):
            raise ValueError("cfg predicate not understood: %r" % text)
        pos += 1
        return t

    def pred():
        name = take()
        if peek() == "(":
            take("(")
            parts = []
            while peek() != ")":
                parts.append(pred())
                if peek() == ",":
                    take(",")
            take(")")
            if name in ("all", "cfg"):
                return all(parts)
            if name == "any":
                return any(parts)
            if name == "not":
                return not parts[0]
            return False  # version(..), accessible(..): unstable, never on here
        if peek() == "=":
            take("=")
            return (name, take().lstrip("r").strip('"')) in active
        if name in ("true", "false"):
            return name == "true"
        return (name, None) in active

    value = pred()
    if pos != len(toks):
        raise ValueError("cfg predicate not understood: %r" % text)
    return value


class Evaluator:
    """evaluate() with a memory, for one active set."""

    def __init__(self, active):
        self.active, self.known, self.bad = active, {"": True}, set()

    def __call__(self, text):
        text = text or ""
        if text not in self.known:
            try:
                self.known[text] = evaluate(text, self.active)
            except ValueError:
                self.bad.add(text)
                self.known[text] = True
        return self.known[text]
