// Where one starts: crates, modules, traits and hubs.
import { ask } from "./api.js";
import { chip, h, number } from "./dom.js";
import { itemLink } from "./item.js";

const TITLES = { crates: ["Crates", "items"], modules: ["Largest modules", "items"], traits: ["Most implemented traits", "implementations"], hubs: ["Most referred to", "references"] };

export function overviewView(goTo) {
  const element = h("div", { class: "view overview" });
  async function load() {
    const [answer, stats] = await Promise.all([ask("overview"), ask("stats")]);
    const value = (name) => stats.results.find((r) => r.name === name)?.value || 0;
    const facts = [["files", "Files"], ["lines", "Lines"], ["nodes", "Items"], ["edges", "Edges"], ["source bytes", null]].filter(([, title]) => title);
    element.replaceChildren(
      h("dl", { class: "facts-row" }, facts.map(([name, title]) => h("div", {}, h("dt", {}, title), h("dd", {}, number(value(name)))))),
      h("div", { class: "cards" }, Object.entries(TITLES).map(([section, [title, what]]) => {
        const rows = answer.results.filter((r) => r.section === section);
        return rows.length ? h("section", { class: "card" }, h("h2", {}, title),
          h("ul", { class: "rows" }, rows.map((row) => h("li", {}, chip(row.kind), itemLink(row, goTo), h("b", {}, number(row[what])))))) : "";
      })));
  }
  return { element, name: "overview", show: load, refresh: load };
}
