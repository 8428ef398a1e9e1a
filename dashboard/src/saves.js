// What changed in the last saves, as it happens.
import { ask, get, on } from "./api.js";
import { chip, duration, h, number } from "./dom.js";
import { itemLink } from "./item.js";

export function savesView(goTo) {
  let updates = [];
  const body = h("tbody", { "aria-live": "polite" });
  const detail = h("section", { class: "panel", "aria-label": "File" }, h("p", { class: "empty" }, "Choose a save to see what its file holds."));
  const element = h("div", { class: "view saves" }, h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Time", "File", "Answered after", "Resolved", "Items", "Edges", "Generation"].map((t) => h("th", {}, t)))), body)), detail);
  const change = (now, before) => (before === undefined ? number(now) : now === before ? "±0" : now > before ? `+${number(now - before)}` : `−${number(before - now)}`);

  async function file(path) {
    try {
      const answer = await ask("entities-in", { target: path, limit: 300 });
      detail.replaceChildren(h("h2", { class: "path" }, path), h("ul", { class: "rows" }, answer.results.map((row) => h("li", {}, chip(row.kind), itemLink(row, goTo), h("span", { class: "place", title: `:${row.line}` }, `:${row.line}`)))));
    } catch (error) {
      detail.replaceChildren(h("p", { class: "problem" }, error.message));
    }
  }
  function draw() {
    body.replaceChildren(...updates.map((u, i) => {
      const before = updates[i - 1];
      return h("tr", { class: u.error ? "failed" : "" },
        h("td", {}, new Date(u.at).toLocaleTimeString()),
        h("td", {}, u.error ? u.error : u.file ? h("button", { type: "button", class: "link", onclick: () => file(u.file) }, u.file + (u.files > 1 ? ` and ${number(u.files - 1)} more` : "")) : "(whole workspace)", u.whole ? h("em", { title: u.whole }, "everything anew") : ""),
        h("td", {}, duration(u.us)), h("td", {}, number(u.resolved)), h("td", {}, change(u.nodes, before?.nodes)), h("td", {}, change(u.edges, before?.edges)), h("td", {}, number(u.generation)));
    }).reverse());
    if (!updates.length) body.replaceChildren(h("tr", {}, h("td", { colspan: "7", class: "empty" }, "No save since HTTP is served. Save a file, and it is here.")));
  }
  on("update", (update) => {
    updates = [...updates, update].slice(-64);
    if (element.isConnected) draw();
  });
  async function load() {
    updates = (await get("/api/v1/history")).updates;
    draw();
  }
  return { element, name: "saves", show: load, refresh() {} };
}
