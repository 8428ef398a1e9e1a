// The page: header, views by the address's fragment, keys, theme.
import "./style.css";

import { get, listen, on, onToken } from "./api.js";
import { cyclesView } from "./cycles.js";
import { debounced, h, number } from "./dom.js";
import { healthView } from "./health.js";
import { itemView } from "./item.js";
import { modulesView } from "./modules.js";
import { overviewView } from "./overview.js";
import { savesView } from "./saves.js";
import { searchBox } from "./search.js";

const goTo = (item) => goTo.to(goTo.href(item));
goTo.href = (item) => `#/item?${new URLSearchParams(item.at ? { path: item.path, at: item.at } : { path: item.path })}`;
goTo.to = (address) => (location.hash = address);

const TABS = [["overview", "Overview", "1"], ["modules", "Modules", "2"], ["cycles", "Cycles", "3"], ["saves", "Saves", "4"], ["health", "Health", "5"]];
const views = { overview: overviewView(goTo), item: itemView(goTo), modules: modulesView(goTo), cycles: cyclesView(goTo), saves: savesView(goTo), health: healthView() };
const search = searchBox((row) => goTo({ path: row.path, at: row.file ? `${row.file}:${row.line}` : "" }));
const tabs = h("nav", { "aria-label": "Views" }, TABS.map(([name, title]) => h("a", { href: `#/${name}`, id: `tab-${name}` }, title)));
const workspace = h("span", { class: "workspace" });
const pill = h("span", { class: "pill", role: "status" }, "…");
const theme = h("button", { type: "button", class: "icon", id: "theme", "aria-label": "Light or dark", title: "Light or dark (t)", onclick: () => turnTheme() }, "◐");
const helpButton = h("button", { type: "button", class: "icon", "aria-label": "Keys", title: "Keys (?)", onclick: () => help.showModal() }, "?");
const main = h("main", { tabindex: "-1" });
const problem = h("div", { class: "problem banner", role: "alert", hidden: true });
const KEYS = [["/", "search"], ["1 – 5", "views"], ["↑ ↓ Enter", "choose a result"], ["arrows, + − 0", "move, zoom and fit a graph"], ["n, p", "walk the neighbours of the selected item"], ["Enter", "select the neighbour; expand the item"], ["t", "light or dark"], ["?", "these keys"], ["Esc", "close"]];
const help = h("dialog", { class: "help", "aria-label": "Keys" }, h("h2", {}, "Keys"), h("dl", {}, KEYS.flatMap(([k, what]) => [h("dt", {}, h("kbd", {}, k)), h("dd", {}, what)])), h("form", { method: "dialog" }, h("button", {}, "Close")));
const tokenInput = h("input", { type: "password", id: "token", autocomplete: "off", "aria-label": "Token" });
const tokenDialog = h("dialog", { class: "token", "aria-label": "Token" }, h("form", { method: "dialog" }, h("h2", {}, "This server wants its token"), h("p", {}, "The first line of the file that --token-file names. It stays in this tab."), tokenInput, h("button", { value: "given" }, "Go on")));
document.body.append(h("a", { class: "skip", href: "#main", onclick: (e) => (e.preventDefault(), main.focus()) }, "Skip to content"),
  h("header", { class: "top" }, h("a", { class: "brand", href: "#/overview" }, "Parseltongue"), workspace, search.element, tabs, pill, theme, helpButton), problem, main, help, tokenDialog);

onToken(() => new Promise((done) => {
  tokenInput.value = "";
  tokenDialog.showModal();
  tokenDialog.addEventListener("close", () => done(tokenDialog.returnValue === "given" ? tokenInput.value.trim() : null), { once: true });
}));

// Theme: the system's, until one is chosen.
function setTheme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  for (const view of Object.values(views)) view.restyle?.();
}
function turnTheme() {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  localStorage.setItem("parseltongue-theme", dark ? "light" : "dark");
  setTheme(dark ? "light" : "dark");
}
setTheme(localStorage.getItem("parseltongue-theme"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(localStorage.getItem("parseltongue-theme")));

// Freshness.
let connected = true, latest = { generation: 0, complete: true, stale: [] };
function tellFreshness() {
  pill.className = `pill ${!connected ? "off" : latest.complete ? "fresh" : "stale"}`;
  pill.textContent = !connected ? "daemon gone" : `${latest.complete ? "live" : "not whole yet"} · generation ${number(latest.generation)}`;
  pill.title = latest.stale?.length ? `stale: ${latest.stale.join(", ")}` : "";
}
on("connection", (is) => {
  if (is !== connected) {
    connected = is;
    tellFreshness();
    if (is) refresh();
  }
});
on("answer", ({ answer }) => {
  if (answer.generation === undefined) return;
  latest = answer;
  tellFreshness();
});

// Views.
let shown = null;
async function guarded(work) {
  try {
    await work();
    problem.hidden = true;
  } catch (error) {
    if (error.name === "AbortError") return;
    problem.textContent = error.message;
    problem.hidden = false;
  }
}
function route() {
  const [name, query] = location.hash.replace(/^#\/?/, "").split("?");
  const view = views[name] || views.overview;
  if (shown !== view) {
    shown?.leave?.();
    main.replaceChildren(view.element);
    shown = view;
  }
  document.body.dataset.view = view.name;
  for (const [tab] of TABS) {
    if (tab === view.name) document.getElementById(`tab-${tab}`).setAttribute("aria-current", "page");
    else document.getElementById(`tab-${tab}`).removeAttribute("aria-current");
  }
  const parameters = new URLSearchParams(query || "");
  document.title = view.name === "item" ? `${parameters.get("path")} · Parseltongue` : "Parseltongue";
  guarded(() => view.show(parameters));
}
window.addEventListener("hashchange", route);
const refresh = debounced(150, () => shown?.refresh && guarded(() => shown.refresh()));
on("update", (update) => {
  latest = { ...latest, generation: update.generation };
  tellFreshness();
  refresh();
});

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, select, textarea") || document.querySelector("dialog[open]")) return;
  const tab = TABS.find(([, , key]) => key === event.key);
  if (event.key === "/") search.focus();
  else if (tab) goTo.to(`#/${tab[0]}`);
  else if (event.key === "t") turnTheme();
  else if (event.key === "?") help.showModal();
  else return;
  event.preventDefault();
});

route();
guarded(async () => {
  const status = await get("/api/v1/status");
  workspace.textContent = status.workspace.split("/").filter(Boolean).pop() || "/";
  workspace.title = status.workspace;
  latest = { generation: status.generation, complete: status.complete, stale: status.stale };
  tellFreshness();
});
listen();
