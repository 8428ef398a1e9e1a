// Search as one types: a combobox with the best twelve.
import { ask } from "./api.js";
import { chip, debounced, h, place, shortPath } from "./dom.js";

export function searchBox(open) {
  const list = h("ul", { class: "results", id: "search-results", role: "listbox", "aria-label": "Items", hidden: true });
  const input = h("input", { type: "search", id: "search", placeholder: "Search items   ( / )", autocomplete: "off", spellcheck: "false", role: "combobox", "aria-expanded": "false", "aria-controls": "search-results", "aria-autocomplete": "list", "aria-label": "Search items" });
  let rows = [], at = 0, asked = 0, abort = null;

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }
  function mark(index) {
    at = index;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    if (rows[at]) input.setAttribute("aria-activedescendant", `result-${at}`);
  }
  function choose(row) {
    close();
    input.blur();
    open(row);
  }
  function show(answer) {
    rows = answer.results;
    list.replaceChildren(
      ...rows.map((row, i) =>
        h("li", { role: "option", id: `result-${i}`, onpointerdown: (e) => (e.preventDefault(), choose(row)), onpointermove: () => at !== i && mark(i) },
          chip(row.kind),
          h("span", { class: "name" }, shortPath(row.path), h("small", {}, row.path)),
          h("span", { class: "place", title: place(row) }, place(row)))),
      rows.length ? "" : h("li", { class: "empty" }, "No item of that name"));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (rows.length) mark(0);
  }
  const search = debounced(40, async () => {
    const text = input.value.trim(), mine = ++asked;
    abort?.abort();
    if (!text) return close();
    abort = new AbortController();
    try {
      const answer = await ask("search", { target: text, limit: 12 }, abort.signal);
      if (mine === asked && document.activeElement === input) show(answer);
    } catch (error) {
      if (error.name !== "AbortError") show({ results: [] });
    }
  });
  input.addEventListener("input", search);
  input.addEventListener("focus", () => input.value && search());
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (rows.length && !list.hidden) mark((at + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length);
      event.preventDefault();
    } else if (event.key === "Enter" && !list.hidden && rows[at]) choose(rows[at]);
    else if (event.key === "Escape") {
      close();
      input.blur();
    }
    event.stopPropagation();
  });
  return { element: h("div", { class: "search", role: "search" }, input, list), focus: () => (input.focus(), input.select()) };
}
