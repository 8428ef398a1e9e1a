// Cycles of modules, types or calls.
import { ask } from "./api.js";
import { chip, h, number, place, shortPath } from "./dom.js";
import { GraphView, keyOf } from "./graph.js";
import { itemLink, itemOf } from "./item.js";

export function cyclesView(goTo) {
  let level = "module", rows = [], chosen = 0, map = null;
  const graph = new GraphView({ onopen: (row) => goTo(itemOf(row)), label: "Members of the cycle" });
  const levels = h("div", { class: "segments", role: "tablist", "aria-label": "Level" }, ["module", "type", "call"].map((name) => h("button", { type: "button", role: "tab", id: `level-${name}`, onclick: () => goTo.to(`#/cycles?level=${name}`) }, `${name}s`)));
  const told = h("p", { class: "told" }), list = h("ul", { class: "rows cycles" }), members = h("div", {});
  const element = h("div", { class: "view cycles-view" }, h("div", { class: "stage" }, h("div", { class: "tools" }, levels, told), graph.element), h("section", { class: "panel", "aria-label": "Cycles" }, list, members));

  function choose(index, fresh) {
    chosen = index;
    const row = rows[index];
    [...list.children].forEach((item, i) => item.classList.toggle("chosen", i === index));
    if (!row) {
      graph.show([], [], { fresh: true });
      return members.replaceChildren();
    }
    // Of modules the map tells all edges; of the others the cycle's own fifty.
    const at = new Map(row.members.map((m, i) => [map ? keyOf(m) : m.path, i]));
    const end = (e) => (map ? keyOf(map.results[e]) : e);
    graph.show(row.members, (map || row).edges.filter((e) => at.has(end(e.from)) && at.has(end(e.to))).map((e) => ({ from: at.get(end(e.from)), to: at.get(end(e.to)), references: e.references })), { fresh });
    members.replaceChildren(h("h3", {}, "Members"), h("ul", { class: "rows" }, row.members.slice(0, 500).map((m) => h("li", {}, chip(m.kind), itemLink(m, goTo), h("span", { class: "place", title: place(m) }, place(m))))),
      !map && row.edges.length >= 50 ? h("p", { class: "empty" }, "The first 50 references of the cycle are drawn.") : "");
  }
  async function load(fresh) {
    const [answer, modules] = await Promise.all([ask("find-cycles", { level, limit: 200 }), level === "module" ? ask("modules") : null]);
    map = modules;
    rows = answer.results;
    told.textContent = `${number(answer.total)} cycle${answer.total === 1 ? "" : "s"}`;
    list.replaceChildren(...rows.map((row, i) => h("li", {}, h("button", { type: "button", class: "link", onclick: () => choose(i, true) }, `${shortPath(row.members[0].path)} and ${number(row.size - 1)} more`))), rows.length ? "" : h("li", { class: "empty" }, "None"));
    choose(fresh ? 0 : Math.min(chosen, rows.length - 1), fresh);
  }
  return {
    element, name: "cycles",
    show(parameters) {
      level = ["module", "type", "call"].includes(parameters.get("level")) ? parameters.get("level") : "module";
      [...levels.children].forEach((b) => b.setAttribute("aria-selected", String(b.id === `level-${level}`)));
      graph.attach();
      return load(true);
    },
    refresh: () => load(false), restyle: () => graph.restyle(), leave: () => graph.detach(),
  };
}
