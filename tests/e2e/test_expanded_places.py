"""Items that a macro call brought stand where they were written; what the macro itself brought stands at the call."""
from conftest import Workspace, package

SOURCE = """\
macro_rules! with_feature {
    ($($item:item)*) => { $( #[cfg(feature = "net")] $item )* };
}
macro_rules! make {
    ($name:ident) => {
        pub struct $name;
        impl $name { pub fn touch(&self) { crate::target(); } }
    };
}

pub fn target() {}

with_feature! {
    pub fn first() {
        target();
    }

    pub mod inner {
        with_feature! {
            pub fn second() {
                super::target();
            }
        }
    }
}

make! {
    Made
}
"""


def test_lines_of_items_and_sites_in_macro_calls(tmp_path):
    w = Workspace(tmp_path, {"Cargo.toml": package("demo", extra="[features]\nnet = []\n"), "src/lib.rs": SOURCE})
    w.index()
    _, nodes, edges = w.graph()
    where = {n["path"]: (n["line"], n["end_line"]) for n in nodes.values() if not n["external"]}
    assert where["demo::first"] == (14, 16)
    assert where["demo::inner::second"] == (20, 22)
    assert where["demo::Made"] == (27, 29), "its first token is the macro's: it stands at the call"
    calls = {nodes[e["from"]]["path"]: (e["line"], e["col"]) for e in edges if e["kind"] == "calls"}
    assert calls["demo::first"] == (15, 9)
    assert calls["demo::inner::second"] == (21, 24)
    assert calls["demo::Made::touch"][0] == 27
    assert w.paths("callers", "src/lib.rs:11") == ["demo::Made::touch", "demo::first", "demo::inner::second"]
    assert w.paths("callees", "src/lib.rs:21") == ["demo::target"]
