// One item: its neighbourhood, drawn; what it is; whom a change of it reaches; its source.
import { ask, askItem, Failure } from "./api.js";
import { chip, GROUPS, h, number, place, shortPath } from "./dom.js";
import { GraphView, keyOf } from "./graph.js";

const EDGE_KINDS = ["calls", "uses", "implements", "extends", "overrides", "instantiates", "accepts", "returns", "has", "bounds", "expands", "reexports", "contains"];
const HOPS = 5;

const placeOf = (site) => h("span", { class: "place", title: site && place(site) }, site ? place(site) : "");

export const itemOf = (row) => ({ path: row.path, at: row.file ? `${row.file}:${row.line}${row.col ? `:${row.col}` : ""}` : "" });

export function itemLink(row, goTo, segments = 2) {
  return h("a", { href: goTo.href(itemOf(row)), title: row.path }, shortPath(row.path, segments));
}

export function itemView(goTo) {
  let item = null, depth = 1, limit = 150, abort = null, expanded = [], chosen = null, start = "";
  const graph = new GraphView({
    onselect: (row) => describe(row),
    onopen: (row) => expand(row),
    label: "Neighbourhood: arrows move, plus and minus zoom, 0 fits, n and p walk the neighbours, Enter selects, then expands",
  });
  const panel = h("section", { class: "panel", "aria-label": "Item" });
  const told = h("span", { class: "told" });
  const depthChoice = h("select", { id: "depth", onchange: (e) => ((depth = Number(e.target.value)), draw(true)) }, [1, 2, 3, 4].map((n) => h("option", { value: String(n) }, `${n} step${n > 1 ? "s" : ""}`)));
  const limitChoice = h("select", { id: "limit", onchange: (e) => ((limit = Number(e.target.value)), draw(true)) }, [50, 150, 500, 1500, 5000].map((n) => h("option", { value: String(n), selected: n === limit }, `${number(n)} items`)));
  const candidates = h("input", { type: "checkbox", id: "candidates", onchange: () => draw(true) });
  const kinds = h("details", { class: "kinds" }, h("summary", {}, "Edges"),
    h("div", {}, EDGE_KINDS.map((kind) => h("label", {}, h("input", { type: "checkbox", checked: true, onchange: (e) => graph.hide(kind, !e.target.checked) }), h("i", { class: `edge ${kind}` }), kind))));
  const legend = h("div", { class: "legend", "aria-hidden": "true" }, Object.keys(GROUPS).map((g) => h("span", {}, h("i", { class: `dot ${g}` }), g)), h("span", {}, h("i", { class: "dot external" }), "external"));
  const tools = h("div", { class: "tools" }, h("label", {}, "Within ", depthChoice), h("label", {}, "at most ", limitChoice), h("label", {}, candidates, " possible edges"), kinds, told);
  const element = h("div", { class: "view item" }, h("div", { class: "stage" }, tools, graph.element, legend), panel);

  // Runs `work` for the item on show; what comes late for another one is dropped.
  async function current(work) {
    const mine = abort;
    try {
      return await work(mine.signal);
    } catch (error) {
      if (error.name !== "AbortError" && mine === abort) fail(error);
      return null;
    }
  }

  function fail(error) {
    const rows = error instanceof Failure ? error.answer.candidates || error.answer.suggestions || [] : [];
    panel.replaceChildren(h("div", { class: "problem" }, h("p", {}, error.message),
      rows.length ? h("ul", { class: "rows" }, rows.map((row) => h("li", {}, chip(row.kind), itemLink(row, goTo, 3), h("span", { class: "place", title: place(row) }, place(row))))) : ""));
  }

  async function draw(fresh) {
    const answer = await current((signal) => askItem("neighbourhood", item, { depth, limit, candidates: candidates.checked }, signal));
    if (!answer) return;
    if (fresh) expanded = [];
    graph.show(answer.results, answer.edges, { fresh, prune: !fresh && !expanded.length });
    told.textContent = answer.truncated ? `${number(answer.results.length)} of more than ${number(answer.total)} items` : `${number(answer.results.length)} items, ${number(answer.edges.length)} edges`;
    if (fresh && answer.results.length) {
      const own = answer.results.find((r) => r.depth === 0 && item.at.startsWith(`${r.file}:${r.line}`)) || answer.results[0];
      start = keyOf(own);
      graph.select(start, true);
    }
  }

  async function expand(row) {
    const answer = await current((signal) => askItem("neighbourhood", itemOf(row), { depth: 1, limit: 80, candidates: candidates.checked }, signal));
    if (!answer) return;
    expanded.push(itemOf(row));
    graph.show(answer.results, answer.edges, { around: keyOf(row) });
    told.textContent = `${number(graph.graph.order)} items, ${number(graph.graph.size)} pairs`;
  }

  function blast(answer) {
    const counts = answer.summary.hops, most = Math.max(1, ...counts);
    const lists = h("div", { class: "hops" });
    counts.forEach((count, i) => {
      const rows = answer.results.filter((r) => r.depth === i + 1);
      lists.append(h("details", { open: i === 0 && count <= 12 },
        h("summary", {}, h("span", { class: "hop" }, `${i + 1} step${i ? "s" : ""}`), h("span", { class: "bar" }, h("i", { "data-share": String(Math.round((100 * count) / most)) })), h("b", {}, number(count))),
        h("ul", { class: "rows" }, rows.map((row) => h("li", { title: row.why.join(" < ") }, chip(row.kind), itemLink(row, goTo), row.test ? h("em", {}, "test") : "", h("span", { class: "place", title: place(row) }, place(row)))),
          rows.length < count ? h("li", { class: "empty" }, `${number(count - rows.length)} more`) : "")));
    });
    lists.querySelectorAll("[data-share]").forEach((bar) => (bar.style.width = `${bar.dataset.share}%`));
    const s = answer.summary;
    return h("section", { class: "blast" }, h("h3", {}, "Blast radius"),
      h("p", {}, h("span", { class: `risk ${s.risk}` }, s.risk), ` ${number(s.affected)} affected within ${s.depth} steps, ${number(s.tests)} tests`), lists,
      s.modules.length > 1 ? h("p", { class: "modules" }, "Most in ", s.modules.slice(0, 4).flatMap((m, i) => [i ? ", " : "", h("a", { href: goTo.href({ path: m.module }) }, shortPath(m.module)), ` ${number(m.count)}`])) : "");
  }

  function ends(answer, title) {
    const rows = answer.results;
    return h("details", { class: "ends", open: rows.length > 0 && rows.length <= 8 }, h("summary", {}, title, h("b", {}, number(answer.total || rows.length))),
      h("ul", { class: "rows" }, rows.map((row) => h("li", {}, h("span", { class: "edge-name" }, row.edge), itemLink(row, goTo), row.confidence === "exact" ? "" : h("em", {}, row.confidence), placeOf(row.sites[0])))));
  }

  async function showSource(row, into) {
    const answer = await current((signal) => askItem("context", itemOf(row), { budget: 3000, format: "json" }, signal));
    const found = answer?.results.find((r) => r.source);
    into.replaceChildren(found ? h("pre", { class: "source" }, found.source.split("\n").map((line, i) => h("span", { class: "line", "data-line": String(found.line + i) }, line + "\n"))) : h("p", { class: "empty" }, answer ? "No source within reach of the budget" : ""));
  }

  async function copyContext(row, button) {
    const answer = await current((signal) => askItem("context", itemOf(row), { budget: 4000, format: "json" }, signal));
    if (!answer) return;
    const text = answer.results.map((r) => `**${place(r)} ${r.path}**${r.relation ? ` (${r.relation})` : ""}\n${r.source ? "```rust\n" + r.source.replace(/\n?$/, "\n") + "```" : r.signature ? "`" + r.signature + "`" : ""}`).join("\n\n");
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "The browser refused";
    }
    setTimeout(() => (button.textContent = before), 1500);
  }

  async function describe(row) {
    chosen = row;
    const target = itemOf(row);
    const [defined, radius, uses, usedBy] = await Promise.all([
      current((signal) => askItem("where-defined", target, {}, signal)),
      current((signal) => askItem("blast-radius", target, { depth: HOPS, limit: 400 }, signal)),
      current((signal) => askItem("uses", target, { limit: 60 }, signal)),
      current((signal) => askItem("used-by", target, { limit: 60 }, signal)),
    ]);
    if (!defined || chosen !== row) return;
    const same = defined.results.filter((r) => r.path === row.path);
    const told = same.find((r) => r.file === row.file && r.line === row.line) || same[0] || row;
    const source = h("details", { class: "code", ontoggle: (e) => e.target.open && !e.target.dataset.asked && ((e.target.dataset.asked = "1"), showSource(row, body)) }, h("summary", {}, "Source"));
    const body = h("div", {});
    source.append(body);
    panel.replaceChildren(
      h("header", {}, h("h2", {}, chip(told.kind), " ", shortPath(told.path)), h("p", { class: "path" }, told.path),
        h("p", { class: "facts" }, h("span", { class: "place", title: place(told) }, place(told)), told.visibility ? h("span", {}, told.visibility) : "", told.cfg ? h("span", { title: told.cfg }, `cfg ${told.cfg}`) : "", told.test ? h("span", {}, "test") : "", told.external ? h("span", {}, "external") : "")),
      told.signature ? h("pre", { class: "signature" }, told.signature) : "",
      told.doc ? h("p", { class: "doc" }, told.doc) : "",
      h("div", { class: "buttons" },
        h("button", { type: "button", onclick: () => expand(row) }, "Expand"),
        keyOf(row) === start ? "" : h("button", { type: "button", onclick: () => goTo(itemOf(row)) }, "Focus here"),
        told.external ? "" : h("button", { type: "button", onclick: (e) => copyContext(row, e.target) }, "Copy context")),
      radius ? blast(radius) : "",
      usedBy ? ends(usedBy, "Used by") : "", uses ? ends(uses, "Uses") : "",
      told.file ? source : "");
    panel.dataset.path = told.path;
  }

  return {
    element,
    name: "item",
    async show(parameters) {
      const next = { path: parameters.get("path") || "", at: parameters.get("at") || "" };
      item = next;
      abort?.abort();
      abort = new AbortController();
      graph.attach();
      await draw(true);
      const first = graph.selected && graph.graph.getNodeAttribute(graph.selected, "row");
      if (first) await describe(first);
    },
    async refresh() {
      if (!item) return;
      await draw(false);
      if (chosen) await describe(chosen);
    },
    restyle: () => graph.restyle(),
    leave() {
      abort?.abort();
      graph.detach();
    },
  };
}
