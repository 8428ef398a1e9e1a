// Elements without markup in strings: text that came from a workspace can never become part of the page's own code.

export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list" && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

export const number = (n) => Number(n).toLocaleString("en");

export function duration(us) {
  if (us < 1000) return `${us} µs`;
  if (us < 1e6) return `${(us / 1000).toFixed(us < 10000 ? 2 : 1)} ms`;
  return `${(us / 1e6).toFixed(2)} s`;
}

export function bytes(n) {
  const units = ["B", "KB", "MB", "GB"];
  let at = 0;
  for (; n >= 1000 && at < 3; at++) n /= 1000;
  return `${n < 10 && at ? n.toFixed(1) : Math.round(n)} ${units[at]}`;
}

// The last segments of a path: `Runtime::new` of `tokio::runtime::Runtime::new`, `<A as B>::c` shortened within.
export function shortPath(path, segments = 2) {
  const parts = [];
  let depth = 0, from = 0;
  for (let i = 0; i < path.length; i++) {
    if ("<([".includes(path[i])) depth++;
    else if (">)]".includes(path[i])) depth--;
    else if (path[i] === ":" && path[i + 1] === ":" && !depth) {
      parts.push(path.slice(from, i));
      from = i + 2;
      i++;
    }
  }
  parts.push(path.slice(from));
  const qualified = /^<(.*) as (.*)>$/.exec(parts[0]);
  if (qualified) parts[0] = `<${shortPath(qualified[1], 1)} as ${shortPath(qualified[2], 1)}>`;
  return parts.slice(-segments).join("::");
}

export const place = (row) => (row.file ? `${row.file}:${row.line}` : row.external ? "external" : "");

// Calls `work` when calls ceased for a while.
export function debounced(ms, work) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), ms);
  };
}

export const GROUPS = {
  type: ["struct", "enum", "union", "type_alias", "primitive", "assoc_type"],
  trait: ["trait", "trait_alias"],
  impl: ["impl"],
  function: ["fn", "method"],
  value: ["field", "variant", "const", "static", "assoc_const"],
  macro: ["macro"],
  module: ["module", "crate"],
};
const groupOfKind = Object.fromEntries(Object.entries(GROUPS).flatMap(([g, kinds]) => kinds.map((k) => [k, g])));
export const groupOf = (kind) => groupOfKind[kind] || "value";

export const chip = (kind) => h("span", { class: `chip ${groupOf(kind)}` }, kind.replace("_", " "));
