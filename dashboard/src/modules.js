// The module map: who refers to whom, and how much.
import { ask } from "./api.js";
import { h, number, place, shortPath } from "./dom.js";
import { GraphView, keyOf } from "./graph.js";

export function modulesView(goTo) {
  const PALETTE = ["group-type", "group-function", "group-impl", "group-trait", "group-macro", "group-value"];
  let answer = null, chosen = null, families = new Map();
  // The module right below its crate: the largest families have a colour of their own.
  const familyOf = (row) => row.path.split("::").slice(0, 2).join("::");
  const graph = new GraphView({ colorOf: (row) => families.get(familyOf(row)) || "group-module", onselect: (row) => select(keyOf(row)), onopen: (row) => goTo({ path: row.path, at: row.file ? `${row.file}:${row.line}` : "" }), label: "Modules: arrows move, plus and minus zoom, n and p walk the neighbours, Enter selects, then opens" });
  const tests = h("input", { type: "checkbox", id: "with-tests", onchange: () => draw(true) });
  const filter = h("input", { type: "search", id: "module-filter", placeholder: "Filter", "aria-label": "Filter modules", oninput: () => table() });
  const body = h("tbody", {});
  const panel = h("section", { class: "panel", "aria-label": "Modules" });
  const detail = h("div", { class: "detail" });
  panel.append(h("div", { class: "tools" }, filter, h("label", {}, tests, " tests")), detail,
    h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Module"), h("th", {}, "Items"), h("th", {}, "Uses"), h("th", {}, "Used by"))), body)));
  const legend = h("div", { class: "legend", "aria-hidden": "true" });
  const element = h("div", { class: "view modules" }, h("div", { class: "stage" }, graph.element, legend), panel);

  const shown = () => answer.results.map((row, index) => ({ row, index })).filter(({ row }) => tests.checked || !row.test);

  function draw(fresh) {
    const sizes = new Map();
    for (const { row } of shown()) sizes.set(familyOf(row), (sizes.get(familyOf(row)) || 0) + row.items);
    const largest = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, PALETTE.length);
    families = new Map(largest.map(([family], i) => [family, PALETTE[i]]));
    legend.replaceChildren(...largest.map(([family], i) => h("span", {}, h("i", { class: `dot ${PALETTE[i].slice(6)}` }), family)), h("span", {}, h("i", { class: "dot module" }), "others"));
    const rows = shown(), at = new Map(rows.map(({ index }, i) => [index, i]));
    graph.show(rows.map(({ row }) => row), answer.edges.filter((e) => at.has(e.from) && at.has(e.to)).map((e) => ({ from: at.get(e.from), to: at.get(e.to), references: e.references })), { fresh, prune: !fresh });
    table();
  }
  function table() {
    const text = filter.value.trim().toLowerCase();
    body.replaceChildren(...shown().filter(({ row }) => row.path.toLowerCase().includes(text)).slice(0, 1500).map(({ row }) =>
      h("tr", { class: keyOf(row) === chosen ? "chosen" : "" }, h("td", {}, h("button", { type: "button", class: "link", title: place(row), onclick: () => (graph.select(keyOf(row)), graph.center(keyOf(row))) }, row.path)), h("td", {}, number(row.items)), h("td", {}, number(row.uses)), h("td", {}, number(row.used_by)))));
  }
  function select(key) {
    chosen = key;
    const index = answer.results.findIndex((row) => keyOf(row) === key), row = answer.results[index];
    const list = (edges, end, title) => h("details", { open: edges.length <= 12 }, h("summary", {}, title, h("b", {}, number(edges.length))),
      h("ul", { class: "rows" }, edges.sort((a, b) => b.references - a.references).map((e) => h("li", {}, h("button", { type: "button", class: "link", onclick: () => (graph.select(keyOf(answer.results[e[end]])), graph.center(keyOf(answer.results[e[end]]))) }, answer.results[e[end]].path), h("b", {}, number(e.references))))));
    detail.replaceChildren(h("h2", {}, shortPath(row.path, 3)), h("p", { class: "facts" }, h("span", { class: "place", title: place(row) }, place(row)), h("span", {}, `${number(row.items)} items`), h("a", { href: goTo.href({ path: row.path, at: row.file ? `${row.file}:${row.line}` : "" }) }, "Open")),
      list(answer.edges.filter((e) => e.from === index), "to", "Uses"), list(answer.edges.filter((e) => e.to === index), "from", "Used by"));
    table();
  }
  async function load(fresh) {
    answer = await ask("modules");
    draw(fresh);
    const at = chosen && answer.results.findIndex((row) => keyOf(row) === chosen);
    if (at > -1 && chosen) select(chosen);
  }
  return { element, name: "modules", show: () => (graph.attach(), load(true)), refresh: () => load(false), restyle: () => graph.restyle(), leave: () => graph.detach() };
}
