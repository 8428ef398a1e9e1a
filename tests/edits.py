"""Edits as people make them, on any tree of Rust files: for the tests and the bench of the daemon.

Each takes a random generator and a Tree and returns the files it touched; an empty list: it found no place. They need not
leave a program that compiles, for half of what an editor saves does not either.
"""
import os
import re

FN = re.compile(r"\n[ \t]*(?:pub(?:\([a-z]+\))? )?(?:async |const |unsafe )*fn \w+[^;{}]*\{\n")
ITEM = re.compile(r"\n(?:pub )?(?:fn|struct|enum|impl|trait)\b[^;{]*\{.*?\n\}\n", re.S)
TRIES = 40


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as f:
        f.write(text)


class Tree:
    """A folder, what it was before the first edit, and the modules that edits gave it."""

    def __init__(self, folder, original=None):
        self.folder, self.original, self.number, self.modules = folder, original, 0, []

    def sources(self):
        found = []
        for folder, below, names in os.walk(self.folder):
            below[:] = sorted(name for name in below if not name.startswith(".") and name != "target")
            found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".rs")]
        return found

    def next(self):
        self.number += 1
        return self.number

    def fill(self, text):
        return text.replace("%d", str(self.next()))


def at_match(rng, tree, pattern, change):
    """Replaces one match of a pattern somewhere by what `change` makes of it."""
    sources = tree.sources()
    for _ in range(TRIES):
        path = rng.choice(sources)
        text = read(path)
        matches = list(pattern.finditer(text))
        if matches:
            match = rng.choice(matches)
            write(path, text[:match.start()] + change(match) + text[match.end():])
            return [path]
    return []


def at_imports(rng, tree, line):
    path = rng.choice(tree.sources())
    text = read(path)
    at = max(text.find("\nuse "), 0)
    write(path, text[:at] + "\n" + line + text[at:])
    return [path]


def body(rng, tree):
    statement = rng.choice(["let _ = %d;", "let _v: Vec<u32> = Vec::new();", "// %d", "let _s = String::from(\"x\").len();", "assert!(true);",
                            "println!(\"{}\", 1);", "std::mem::drop(Some(1));", "fn inner_%d() {} inner_%d();"])
    number = str(tree.next())
    return at_match(rng, tree, FN, lambda m: m.group(0) + "    " + statement.replace("%d", number) + "\n")


def comment(rng, tree):
    path = rng.choice(tree.sources())
    lines = read(path).split("\n")
    lines.insert(rng.randrange(len(lines)), rng.choice(["", "// note"]))
    write(path, "\n".join(lines))
    return [path]


def new_item(rng, tree):
    code = rng.choice(["pub fn pt_new_%d(x: u32) -> Option<u32> { Some(x) }", "fn pt_new_%d() { pt_other(); }", "pub struct PtNew%d { pub a: u32 }",
                       "#[derive(Clone, Debug)]\npub struct PtDerived%d(pub u8);", "pub const PT_CONST_%d: usize = 3;",
                       "pub trait PtTrait%d { fn pt_method(&self) -> u32 { 1 } }", "pub enum PtEnum%d { One, Two(u32) }", "static PT_STATIC_%d: u8 = 0;"])
    return at_match(rng, tree, re.compile(r"\n(?=(?:pub )?fn |impl|(?:pub )?struct )"), lambda m: "\n" + tree.fill(code) + "\n")


def signature(rng, tree):
    def change(m):
        given = m.group(2).strip()
        if rng.random() < .4:
            return f"fn {m.group(1)}({m.group(2)}) -> Option<String>"
        return f"fn {m.group(1)}({given}{'' if not given or given.endswith(',') else ', '}_pt: u32){m.group(3) or ''}"
    return at_match(rng, tree, re.compile(r"\bfn (\w+)\(([^()]*)\)( -> [\w<>]+)?"), change)


def generic(rng, tree):
    return at_match(rng, tree, re.compile(r"\bfn (\w+)\("), lambda m: f"fn {m.group(1)}<PtG: Clone>(")


def rename(rng, tree):
    number = tree.next()
    return at_match(rng, tree, re.compile(r"\b(?:fn|struct|enum|trait|const|type) \w+"), lambda m: f"{m.group(0)}X{number}")


def use(rng, tree):
    if rng.random() < .5:
        return at_match(rng, tree, re.compile(r"\n(?:pub )?use [^;]*;"), lambda m: "")
    return at_imports(rng, tree, rng.choice(["use std::collections::HashMap;", "use std::fmt;", "use crate::*;", "use std::io::Read as _;", "use super::*;",
                                             "pub use std::sync::Arc;", "use std::vec::Vec as List;", "use pt_unknown_crate::Thing;"]))


def delete(rng, tree):
    return at_match(rng, tree, ITEM, lambda m: "\n")


def derive(rng, tree):
    def change(m):
        names = [name.strip() for name in m.group(1).split(",") if name.strip()]
        if names and rng.random() < .5:
            names.pop(rng.randrange(len(names)))
        else:
            names.append(rng.choice(["Clone", "Hash", "Debug", "Default", "PartialEq"]))
        return f"#[derive({', '.join(dict.fromkeys(names))})]"
    return at_match(rng, tree, re.compile(r"#\[derive\(([^)]*)\)\]"), change)


def impl(rng, tree):
    code = rng.choice(["impl %s { pub fn new_%d() -> u32 { 0 } fn len(&self) -> usize { 0 } }",
                       "impl std::fmt::Display for %s { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }",
                       "impl std::ops::Deref for %s { type Target = String; fn deref(&self) -> &String { todo!() } }",
                       "impl Iterator for %s { type Item = u8; fn next(&mut self) -> Option<u8> { None } }", "impl From<u32> for %s { fn from(x: u32) -> Self { todo!() } }"])
    return at_match(rng, tree, re.compile(r"\n(?:pub )?(?:struct|enum) (\w+)\b(?!<)"), lambda m: "\n" + tree.fill(code.replace("%s", m.group(1))) + m.group(0))


def blanket(rng, tree):
    number = str(tree.next())
    code = "pub trait PtAny%d { fn pt_any_%d(&self) {} }\nimpl<T: Clone> PtAny%d for T {}\n".replace("%d", number)
    path = rng.choice(tree.sources())
    write(path, read(path) + "\n" + code)
    return [path]


def alias(rng, tree):
    target = rng.choice(["String", "Vec<u8>", "Option<u32>"])
    return at_match(rng, tree, re.compile(r"\n((?:pub )?type \w+[^=;]*= )[^;]*;"), lambda m: f"\n{m.group(1)}{target};")


def method(rng, tree):
    name = rng.choice([f"pt_{tree.next()}", "new", "len", "poll", "get"])
    head = re.compile(r"\n(?:unsafe )?(?:impl|(?:pub )?trait)\b[^;{]*\{\n")
    return at_match(rng, tree, head, lambda m: f"{m.group(0)}    {rng.choice(['', 'pub '])}fn {name}(&self) -> u32 {{ 0 }}\n")


def visibility(rng, tree):
    def change(m):
        return f"\n{m.group(1)}{'' if m.group(2) else rng.choice(['pub ', 'pub(crate) '])}{m.group(3)} "
    return at_match(rng, tree, re.compile(r"\n( *)(pub(?:\(crate\))? )?(fn|struct|enum|trait|const|static|type|use|mod) "), change)


def broken(rng, tree):
    path = rng.choice(tree.sources())
    text = read(path)
    at = rng.randrange(len(text) + 1)
    write(path, text[:at] + rng.choice(["fn ", "{", "}", ";", "struct", "let x = ", "\"", "("]) + text[at:])
    return [path]


def repair(rng, tree):
    """What a file was before all edits."""
    sources = tree.sources()
    for _ in range(TRIES if tree.original else 0):
        path = rng.choice(sources)
        before = os.path.join(tree.original, os.path.relpath(path, tree.folder))
        if os.path.exists(before) and read(before) != read(path):
            write(path, read(before))
            return [path]
    return []


def macro(rng, tree):
    kind, number = rng.random(), str(tree.next())
    if kind < .3:
        return at_match(rng, tree, re.compile(r"\nmacro_rules! \w+ \{\n"), lambda m: m.group(0) + "    (@pt) => { fn pt_made_%d() {} };\n".replace("%d", number))
    if kind < .6:
        return at_imports(rng, tree, "macro_rules! pt_make%d { ($n:ident) => { pub struct $n; impl $n { pub fn go(&self) {} } } }\npt_make%d!(PtMade%d);"
                          .replace("%d", number))
    return at_match(rng, tree, re.compile(r"\npt_make\d+!\(\w+\);|\n\w+! \{.*?\n\}(?=\n)", re.S), lambda m: "")


def home(path):
    """The folder of the modules of a file."""
    name = os.path.basename(path)
    return os.path.dirname(path) if name in ("mod.rs", "lib.rs", "main.rs") else path[:-3]


def new_file(rng, tree):
    path, number = rng.choice(tree.sources()), str(tree.next())
    name = f"pt_mod_{number}"
    file = os.path.join(home(path), name + ".rs")
    os.makedirs(home(path), exist_ok=True)
    write(file, "use super::*;\npub fn pt_in_%d() -> Option<u32> { Some(1) }\npub struct PtIn%d;\nimpl Clone for PtIn%d { fn clone(&self) -> Self { PtIn%d } }\n"
          "#[cfg(test)] mod tests { use super::*; #[test] fn t() { pt_in_%d(); } }\n".replace("%d", number))
    text = read(path)
    at = max(text.find("\nuse "), 0)
    write(path, f"{text[:at]}\npub mod {name};{text[at:]}")
    tree.modules.append((path, file, name))
    return [path, file]


def gone_file(rng, tree):
    there = [m for m in tree.modules if os.path.exists(m[1]) and os.path.exists(m[0])]
    if not there:
        return new_file(rng, tree)
    path, file, name = rng.choice(there)
    how = rng.random()
    if how < .4:
        os.unlink(file)
        return [file]
    text = read(path)
    if how < .7:
        write(path, text.replace(f"\npub mod {name};", ""))
        return [path]
    other = f"pt_mod_{tree.next()}"
    moved = os.path.join(os.path.dirname(file), other + ".rs")
    os.rename(file, moved)
    write(path, text.replace(f"pub mod {name};", f"pub mod {other};"))
    tree.modules.append((path, moved, other))
    return [path, file, moved]


def back_file(rng, tree):
    gone = [m for m in tree.modules if not os.path.exists(m[1])]
    if not gone:
        return new_file(rng, tree)
    file = rng.choice(gone)[1]
    write(file, tree.fill("pub fn pt_back_%d() {}\n"))
    return [file]


def move(rng, tree):
    sources = tree.sources()
    for _ in range(TRIES):
        path, other = rng.choice(sources), rng.choice(sources)
        text = read(path)
        matches = list(ITEM.finditer(text))
        if matches and path != other:
            match = rng.choice(matches)
            write(path, text[:match.start() + 1] + text[match.end():])
            write(other, read(other) + match.group(0))
            return [path, other]
    return []


SINGLE = {f.__name__: f for f in (body, comment, new_item, signature, generic, rename, use, delete, derive, impl, blanket, alias, method, visibility, broken,
                                  repair, macro, new_file, gone_file, back_file, move)}


def burst(rng, tree):
    return [path for _ in range(rng.randrange(2, 6)) for path in SINGLE[rng.choice(["body", "comment", "new_item", "signature", "use", "delete", "impl"])](rng, tree)]


EDITS = {**SINGLE, "burst": burst}
