// A graph one can walk: drawn by Sigma (WebGL), laid out by ForceAtlas2 in slices of frames.
import { MultiDirectedGraph } from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";
import Sigma from "sigma";

import { groupOf, h, shortPath } from "./dom.js";

export const keyOf = (row) => `${row.path}@${row.file || ""}:${row.line || ""}`;

// Which kind stands for several between the same two items.
const WEIGHT = ["implements", "extends", "overrides", "calls", "instantiates", "expands", "returns", "accepts", "has", "bounds", "reexports", "uses", "contains", "references"];
const LAYOUT_FRAME_MS = 12, MANY_EDGES = 6000;
const HIDDEN = { hidden: true };

function colors() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return new Proxy({}, { get: (kept, name) => (kept[name] ??= of(name)) });
}

export class GraphView {
  // `colorOf` names the colour of a row, as the style sheet does.
  constructor({ onselect, onopen, label, colorOf }) {
    this.colorOf = colorOf || ((row) => (row.external ? "external" : `group-${groupOf(row.kind)}`));
    this.onselect = onselect || (() => {});
    this.onopen = onopen || (() => {});
    this.graph = new MultiDirectedGraph();
    this.hidden = new Set(); // edge kinds
    this.canvas = h("div", { class: "canvas" });
    this.said = h("p", { class: "visually-hidden", "aria-live": "polite" });
    this.element = h("div", { class: "graph", tabindex: "0", role: "application", "aria-label": label || "Graph: arrows move, plus and minus zoom, n and p walk the neighbours, Enter expands" }, this.canvas, this.said);
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.colors = colors();
    this.selected = this.hovered = null;
    this.scale = 1;
  }

  // Sigma wants a container that has a size.
  attach() {
    if (this.sigma || !this.element.isConnected) return;
    this.sigma = new Sigma(this.graph, this.canvas, {
      allowInvalidContainer: true,
      defaultEdgeType: "arrow",
      labelDensity: 0.7,
      labelGridCellSize: 90,
      labelRenderedSizeThreshold: 5,
      labelFont: "ui-sans-serif, system-ui, sans-serif",
      labelSize: 12,
      labelColor: { attribute: "labelColor" },
      minCameraRatio: 0.02,
      maxCameraRatio: 4,
      zIndex: true,
      stagePadding: 40,
      defaultDrawNodeHover: (context, data, settings) => this.drawHover(context, data, settings),
      nodeReducer: (node, data) => this.reduceNode(node, data),
      edgeReducer: (edge, data) => this.reduceEdge(edge, data),
    });
    this.sigma.on("clickNode", ({ node }) => this.select(node));
    this.sigma.on("doubleClickNode", (event) => {
      event.preventSigmaDefault();
      this.onopen(this.graph.getNodeAttribute(event.node, "row"));
    });
    this.sigma.on("enterNode", ({ node }) => this.hover(node));
    this.sigma.on("leaveNode", () => this.hover(null));
    this.sigma.on("clickStage", () => this.element.focus({ preventScroll: true }));
  }

  detach() {
    cancelAnimationFrame(this.frame);
    this.sigma?.kill();
    this.sigma = null;
  }

  restyle() {
    this.colors = colors();
    this.sigma?.refresh({ skipIndexation: true });
  }

  hover(node) {
    this.hovered = node;
    this.near = node ? new Set(this.graph.neighbors(node)).add(node) : null;
    this.sigma?.refresh({ skipIndexation: true });
  }

  reduceNode(node, data) {
    const dim = this.near && !this.near.has(node);
    const color = this.colors[this.colorOf(data.row)];
    return {
      ...data,
      size: data.size * this.scale,
      color: dim ? this.colors.faint : color,
      label: dim ? "" : data.label,
      labelColor: this.colors.text,
      highlighted: node === this.selected,
      forceLabel: node === this.selected || data.start,
      zIndex: node === this.selected ? 3 : dim ? 0 : 1,
    };
  }

  reduceEdge(edge, data) {
    const shown = this.plain ? null : data.kinds.find((kind) => !this.hidden.has(kind));
    if (!shown) return HIDDEN;
    const [from, to] = this.graph.extremities(edge);
    const at = this.hovered || this.selected;
    const near = at && (from === at || to === at);
    return {
      ...data,
      type: this.graph.size > MANY_EDGES ? "line" : "arrow",
      color: near ? this.colors[`edge-${shown}`] || this.colors["edge-near"] : at ? this.colors["edge-faint"] : this.colors.edge,
      size: near ? data.size + 0.8 : data.size,
      zIndex: near ? 1 : 0,
    };
  }

  drawHover(context, data, settings) {
    const size = settings.labelSize;
    context.font = `600 ${size}px ${settings.labelFont}`;
    const text = data.fullLabel || data.label || "";
    const width = context.measureText(text).width;
    context.fillStyle = this.colors.surface;
    context.strokeStyle = this.colors.line;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(data.x - data.size - 4, data.y - Math.max(size, data.size) / 2 - 6, width + data.size * 2 + 18, Math.max(size, data.size) + 12, 8);
    context.fill();
    context.stroke();
    context.beginPath();
    context.arc(data.x, data.y, data.size + 1.5, 0, Math.PI * 2);
    context.strokeStyle = this.colors.accent;
    context.lineWidth = 2;
    context.stroke();
    context.fillStyle = this.colors.text;
    context.fillText(text, data.x + data.size + 6, data.y + size / 3);
  }

  // Rows and edges of an answer; what is there stays where it is, unless `fresh`. A merge puts what is new near `around`.
  show(rows, edges, { fresh = false, around = null, prune = false, settle = true } = {}) {
    const g = this.graph;
    if (fresh) g.clear();
    const keys = rows.map(keyOf);
    if (prune) {
      const kept = new Set(keys);
      g.filterNodes((node) => !kept.has(node)).forEach((node) => g.dropNode(node));
      g.clearEdges();
    }
    const center = around && g.hasNode(around) ? g.getNodeAttributes(around) : { x: 0, y: 0 };
    let added = 0;
    rows.forEach((row, i) => {
      const weight = row.references ?? row.items;
      const attributes = { row, label: shortPath(row.path), fullLabel: shortPath(row.path, 3), size: weight === undefined ? 6 : Math.min(3 + Math.sqrt(weight) * 0.9, 20), start: row.depth === 0 && fresh };
      if (g.hasNode(keys[i])) {
        const start = g.getNodeAttribute(keys[i], "start");
        return g.mergeNodeAttributes(keys[i], { ...attributes, start: start || attributes.start });
      }
      const angle = added * 2.399963, radius = added ? (fresh ? 10 : 2) * Math.sqrt(added) : 0;
      g.addNode(keys[i], { ...attributes, x: center.x + radius * Math.cos(angle), y: center.y + radius * Math.sin(angle) });
      added++;
    });
    const pairs = new Map();
    for (const edge of edges) {
      const from = keys[edge.from], to = keys[edge.to];
      if (from === to || from === undefined || to === undefined) continue;
      const id = `${from} -> ${to}`;
      if (!pairs.has(id)) pairs.set(id, { from, to, kinds: new Set(), weight: 0 });
      pairs.get(id).kinds.add(edge.edge || "references");
      pairs.get(id).weight += edge.references || 1;
    }
    for (const [id, { from, to, kinds, weight }] of pairs) {
      const before = g.hasEdge(id) ? g.getEdgeAttribute(id, "kinds") : [];
      const all = [...new Set([...before, ...kinds])].sort((a, b) => WEIGHT.indexOf(a) - WEIGHT.indexOf(b));
      const attributes = { kinds: all, size: Math.min(0.8 + Math.log2(weight) * 0.5, 5) };
      if (g.hasEdge(id)) g.mergeEdgeAttributes(id, attributes);
      else g.addEdgeWithKey(id, from, to, attributes);
    }
    if (this.selected && !g.hasNode(this.selected)) this.selected = null;
    if (this.hovered && !g.hasNode(this.hovered)) this.hover(null);
    this.element.dataset.nodes = g.order;
    this.element.dataset.edges = g.size;
    this.scale = g.order < 120 ? 1 : Math.max(0.3, Math.sqrt(120 / g.order));
    this.attach();
    this.sigma?.setSetting("hideEdgesOnMove", g.size > 20000);
    this.sigma?.setSetting("labelRenderedSizeThreshold", g.order <= 60 ? 0 : 5);
    if (settle && (added || fresh)) this.settle(fresh ? 1 : 0.4);
  }

  settle(share) {
    const n = this.graph.order;
    cancelAnimationFrame(this.frame);
    this.element.dataset.settled = "false";
    if (n < 2) return this.settled();
    const settings = { ...forceAtlas2.inferSettings(this.graph), barnesHutOptimize: n > 400, barnesHutTheta: 0.8, adjustSizes: n < 400, gravity: n < 50 ? 0.5 : 1, scalingRatio: 12, slowDown: 1 + Math.log(n) };
    let left = Math.ceil((n < 300 ? 260 : n < 1500 ? 140 : 80) * share), batch = 1;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let before = performance.now();
    const step = () => {
      const begun = performance.now();
      const count = Math.min(left, still ? Math.max(batch, 10) : batch);
      forceAtlas2.assign(this.graph, { iterations: count, settings });
      left -= count;
      const each = (performance.now() - begun) / count, frame = begun - before; /* as long as drawing takes, so that both go on */
      before = begun;
      batch = Math.max(1, Math.min(30, Math.floor(Math.max(LAYOUT_FRAME_MS, frame * 0.8) / Math.max(each, 0.1))));
      if (left > 0) this.frame = requestAnimationFrame(step);
      else this.settled();
    };
    this.plain = this.graph.size > MANY_EDGES; /* edges are drawn when nodes stand still */
    this.frame = requestAnimationFrame(step);
  }

  settled() {
    if (this.plain) {
      this.plain = false;
      this.sigma?.refresh();
    }
    this.element.dataset.settled = "true";
    this.element.dispatchEvent(new Event("settled"));
  }

  hide(kind, hide) {
    if (hide) this.hidden.add(kind);
    else this.hidden.delete(kind);
    this.sigma?.refresh({ skipIndexation: true });
  }

  // `quiet`: the caller knows already.
  select(node, quiet = false) {
    if (!this.graph.hasNode(node)) return;
    this.selected = node;
    const row = this.graph.getNodeAttribute(node, "row");
    this.element.dataset.selected = row.path;
    this.said.textContent = `${row.kind} ${row.path}, ${this.graph.degree(node)} edges shown`;
    this.sigma?.refresh({ skipIndexation: true });
    if (!quiet) this.onselect(row);
  }

  center(node) {
    const at = this.sigma?.getNodeDisplayData(node);
    if (at) this.sigma.getCamera().animate({ x: at.x, y: at.y }, { duration: 200 });
  }

  // Neighbours in the order of their angle around the selected node.
  step(by) {
    const at = this.selected;
    if (!at) return;
    const from = this.walked && this.walked.center === at ? this.walked : { center: at, index: by > 0 ? -1 : 0 };
    const here = this.graph.getNodeAttributes(at);
    const around = this.graph.neighbors(at).sort((a, b) => {
      const angle = (n) => Math.atan2(this.graph.getNodeAttribute(n, "y") - here.y, this.graph.getNodeAttribute(n, "x") - here.x);
      return angle(a) - angle(b);
    });
    if (!around.length) return;
    const index = (from.index + by + around.length) % around.length;
    this.walked = { center: at, index };
    this.hover(around[index]);
    this.walked.node = around[index];
    this.said.textContent = this.graph.getNodeAttribute(around[index], "row").path;
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.sigma) return;
    const camera = this.sigma.getCamera(), pan = 0.1 * camera.ratio;
    const moves = { ArrowLeft: [-pan, 0], ArrowRight: [pan, 0], ArrowUp: [0, pan], ArrowDown: [0, -pan] };
    if (moves[event.key]) camera.setState({ x: camera.x + moves[event.key][0], y: camera.y + moves[event.key][1] });
    else if (event.key === "+" || event.key === "=") camera.animatedZoom({ duration: 120 });
    else if (event.key === "-") camera.animatedUnzoom({ duration: 120 });
    else if (event.key === "0") camera.animatedReset({ duration: 200 });
    else if (event.key === "n") this.step(1);
    else if (event.key === "p") this.step(-1);
    else if (event.key === "Enter") {
      const walked = this.walked?.node;
      if (walked && this.graph.hasNode(walked) && walked !== this.selected) {
        this.walked = null;
        this.hover(null);
        this.select(walked);
        this.center(walked);
      } else if (this.selected) this.onopen(this.graph.getNodeAttribute(this.selected, "row"));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
