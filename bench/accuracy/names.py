"""One spelling for a type, trait or item, whichever side it comes from.

Canonical forms (see README.md, "How names are made equal"):
  local item       crate::module::Item               inherent member   crate::module::Type::member
  trait impl part  <HEAD as TRAIT>::member
  HEAD             crate::module::Type | std:Vec | u8 | &HEAD | ptr | tuple | slice | array | fn | dyn TRAIT |
                   * (a type parameter) | ? (anything else: projection, opaque, closure)
  external item    class:Parent::name, class = crate name, with core, alloc and std one class `std`
"""
import re

STD = {"core", "alloc", "std", "test", "proc_macro"}
PRIMS = {"bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
         "isize", "f16", "f32", "f64", "f128"}
ALIAS = {"reference": "&?", "&": "&?", "pointer": "ptr", "const_ptr": "ptr", "mut_ptr": "ptr", "*": "ptr", "tuple": "tuple",
         "unit": "tuple", "slice": "slice", "array": "array", "fn": "fn", "never": "never", "!": "never"}
C_TYPES = {"c_char": "i8", "c_schar": "i8", "c_uchar": "u8", "c_short": "i16", "c_ushort": "u16", "c_int": "i32", "c_uint": "u32",
           "c_long": "i64", "c_ulong": "u64", "c_longlong": "i64", "c_ulonglong": "u64", "c_float": "f32",
           "c_double": "f64"}  # std's aliases of primitive types, on the host
IDENT = re.compile(r"^(?:r#)?[A-Za-z_][A-Za-z0-9_]*$")


def crate_class(name):
    return "std" if name in STD else name.replace("-", "_")


def c_type(segs):
    """The primitive that a path of std's is another name for, or None."""
    return C_TYPES.get(segs[-1]) if len(segs) > 1 and segs[0] in STD else None


def split_top(text, sep):
    """Splits at sep where no bracket is open. The `>` of `->` and `=>` closes nothing."""
    out, depth, start, i, n = [], 0, 0, 0, len(text)
    while i < n:
        c = text[i]
        if c in "<([{":
            depth += 1
        elif c in ")]}" or (c == ">" and text[i - 1:i] not in ("-", "=")):
            depth -= 1
        elif depth == 0 and text.startswith(sep, i):
            out.append(text[start:i])
            i += len(sep)
            start = i
            continue
        i += 1
    out.append(text[start:])
    return out


def closing(text, at):
    """Index of the bracket that closes the one at text[at], or -1."""
    depth = 0
    for i in range(at, len(text)):
        c = text[i]
        if c in "<([{":
            depth += 1
        elif c in ")]}" or (c == ">" and text[i - 1:i] not in ("-", "=")):
            depth -= 1
            if depth == 0:
                return i
    return -1


def closing_bracket(text):
    """As closing() from the first character on, for source text, where `<` and `>` are no brackets."""
    depth = 0
    for m in re.finditer(r"[(\[{}\])]", text):
        depth += 1 if m.group(0) in "([{" else -1
        if depth == 0:
            return m.start()
    return -1


def segments(path):
    """Path segments without generic arguments: `a::B<C>::<D>::m` -> [a, B, m]."""
    out = []
    for seg in split_top(path, "::"):
        seg = seg.strip()
        if seg.startswith("<impl "):
            out.append(seg)
            continue
        cut = seg.find("<")
        if cut == 0:
            continue
        if cut > 0:
            seg = seg[:cut]
        if seg:
            out.append(seg[2:] if seg.startswith("r#") else seg)
    return out


class Names:
    """Canonical names for one crate. `known_local(path)` tells whether `crate::path` is an item of it."""

    def __init__(self, crate, known_local=None):
        self.crate = crate
        self.known_local = known_local

    # ---- types

    def head(self, text):
        t = text.strip()
        while t.startswith("for<"):
            t = t[closing(t, 3) + 1:].strip()
        if not t:
            return "?"
        if t.startswith("impl ") and re.search(r"/#\d+$", t):
            return "*"
        if t[0] == "&":
            t = t[1:].strip()
            t = re.sub(r"^'(?:\{erased\}|[^\s,>]+)\s*", "", t)
            t = re.sub(r"^mut\s+", "", t)
            return "&" + (self.head(t) if t else "?")
        if t.startswith("*const") or t.startswith("*mut"):
            return "ptr"
        if t[0] == "(":
            if closing(t, 0) == len(t) - 1:
                inner = t[1:-1].strip()
                if inner.startswith("dyn ") and len(split_top(inner, ",")) == 1:
                    return self.head(inner)
            return "tuple"
        if t[0] == "[":
            return "array" if len(split_top(t[1:-1], ";")) > 1 else "slice"
        if t.startswith("dyn "):
            bound = split_top(t[4:], " + ")[0].strip()
            while bound.startswith("for<"):
                bound = bound[closing(bound, 3) + 1:].strip()
            return "dyn " + self.trait(bound)
        if re.match(r'^(?:unsafe\s+)?(?:extern\s*(?:"[^"]*")?\s*)?fn\s*\(', t):
            return "fn"
        if t[0] == "!":
            return "never"
        if t[0] == "<":  # a type declared inside a trait impl's member; a projection has one segment after the `>`
            end = closing(t, 0)
            parts, rest = split_top(t[1:end], " as "), segments(t[end + 1:].lstrip(":"))
            if len(parts) == 2 and len(rest) > 1:
                return "::".join(["<%s as %s>" % (self.head(parts[0]), self.trait(parts[1]))] + rest)
        if t[0] in "{<" or t.startswith("Alias(") or t.startswith("impl ") or t.startswith("<"):
            return "?"
        return self.path_head(t)

    def path_head(self, t):
        if re.search(r"/#\d+$", t):
            return "*"
        segs = segments(t)
        if not segs:
            return "?"
        last = segs[-1]
        if last in PRIMS and (len(segs) == 1 or segs[0] in STD):
            return last
        if len(segs) == 1 or segs[0] in STD:
            if last in ALIAS:
                return ALIAS[last]
        local = self.local(segs)
        if local:
            return local
        if len(segs) == 1:
            return "*"
        if c_type(segs):
            return c_type(segs)
        return crate_class(segs[0]) + ":" + last

    def local(self, segs):
        """The full local path, when it is one. rustc prints local paths without the crate, we with it; where a module is
        called as its crate is (bytes::bytes), the items tell which is meant."""
        if self.known_local and self.known_local("::".join([self.crate] + segs)):
            return "::".join([self.crate] + segs)
        return "::".join(segs) if segs[0] == self.crate else None

    def trait(self, text):
        segs = segments(text.strip())
        if not segs:
            return "?"
        local = self.local(segs)
        if local:
            return local
        return (crate_class(segs[0]) + ":" if len(segs) > 1 else "?:") + segs[-1]

    # ---- items of our export

    def item(self, path, external):
        """Canonical name of a node path of the export."""
        path = path.strip()
        if path.startswith("<"):
            end = closing(path, 0)
            if end < 0:
                return "?" + path
            inner, rest = path[1:end], path[end + 1:].lstrip(":")
            rest = segments(rest)
            parts = split_top(inner, " as ")
            if len(parts) == 2:
                if external and not rest:
                    return self.trait(parts[1])
                if external:
                    return self.member(self.trait(parts[1]), rest[-1])
                return "::".join(["<%s as %s>" % (self.head(parts[0]), self.trait(parts[1]))] + rest)
            head = self.head(parts[0])
            head = head[4:] if head.startswith("dyn ") else head
            if external:
                return self.member(head, rest[-1] if rest else "")
            return "::".join([head] + rest)
        segs = segments(path)
        if not segs:
            return "?" + path
        if segs[0] == self.crate and not external:
            return "::".join(segs)
        return self.external(segs)

    @staticmethod
    def member(owner, name):
        if ":" not in owner or owner.startswith(("&", "dyn ")):
            return "std:%s::%s" % (owner, name)
        return "%s::%s" % (owner, name)

    def external(self, segs):
        """class:Parent::name; Parent is the class itself for an item of a crate's root."""
        if segs[0] == self.crate:
            return "::".join(segs)
        if len(segs) == 2 and segs[0][:1] in "[*":  # an inherent member of slices, arrays or pointers of std
            return "std:%s::%s" % (self.head(segs[0]), segs[1])
        cls = crate_class(segs[0])
        if len(segs) == 1:
            return cls + ":" + segs[0]
        if len(segs) == 2 and segs[0] in PRIMS | set(ALIAS):
            return "std:%s::%s" % (ALIAS.get(segs[0], segs[0]), segs[1])
        parent = segs[-2] if len(segs) > 2 else cls
        if parent.startswith("<impl "):
            parent = self.head(parent[6:-1])
            if ":" in parent and not parent.startswith(("&", "dyn ")):
                parent = parent.split(":")[-1]
        parent = ALIAS.get(parent, parent)
        if parent in STD:
            parent = "std"
        return "%s:%s::%s" % (cls, parent, segs[-1])
