// Latencies over time, and what they advise.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { get } from "./api.js";
import { bytes, duration, h, number } from "./dom.js";

const EVERY_MS = 5000;

export function healthView() {
  let plot = null, timer = null, history = null, chosen = "event to snapshot", observer = null;
  const choice = h("select", { id: "timing", "aria-label": "What is measured", onchange: (e) => ((chosen = e.target.value), draw()) });
  const chart = h("div", { class: "chart" }), facts = h("dl", { class: "facts-row" }), advice = h("section", { class: "advice", "aria-label": "Advice" }), body = h("tbody", {});
  const element = h("div", { class: "view health" }, facts, advice, h("section", { class: "card" }, h("div", { class: "tools" }, h("h2", {}, "The last hour"), choice), chart),
    h("section", { class: "card scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["", "Count", "p50", "p99", "p99.9"].map((t) => h("th", {}, t)))), body)));

  function draw() {
    const minutes = history.stages[chosen] || history.questions[chosen] || [];
    const now = Math.floor(Date.now() / 60000) * 60, x = [], p50 = [], p99 = [];
    for (let ago = history.minutes - 1; ago >= 0; ago--) {
      const at = minutes.find((m) => m.minutes_ago === ago);
      x.push(now - ago * 60);
      p50.push(at ? at.p50_us / 1000 : null);
      p99.push(at ? at.p99_us / 1000 : null);
    }
    const style = getComputedStyle(document.documentElement), of = (name) => style.getPropertyValue(`--${name}`).trim();
    plot?.destroy();
    plot = null;
    chart.classList.toggle("none", !minutes.length);
    element.dataset.points = minutes.length;
    if (!minutes.length) return;
    const axis = { stroke: of("muted"), grid: { stroke: of("line"), width: 1 }, ticks: { stroke: of("line"), width: 1 } };
    const line = (label, color) => ({ label, stroke: color, width: 2, points: { show: true, size: 6, fill: color }, spanGaps: false, value: (_, v) => (v === null ? "–" : duration(Math.round(v * 1000))) });
    plot = new uPlot({ width: Math.max(chart.clientWidth, 200), height: 240, cursor: { y: false }, scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.15 : 1] } },
      axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map((t) => `${t} ms`) }], series: [{}, line("p50", of("series-1")), line("p99", of("series-2"))] }, [x, p50, p99], chart);
  }
  async function load() {
    const [status, told] = await Promise.all([get("/api/v1/status"), get("/api/v1/history")]);
    history = told;
    facts.replaceChildren(...[["Generation", number(status.generation)], ["Files", number(status.files)], ["Items", number(status.nodes)], ["Edges", number(status.edges)], ["Memory", bytes(status.memory.resident)], ["Store", bytes(status.store_bytes)],
      ["Batches", `${number(status.batches_incremental)} of ${number(status.batches)} incremental`], ["Answers kept", status.cache ? `${number(status.cache.hits)} hits` : "none"], ["Up", duration(status.uptime_s * 1e6).replace(".00 s", " s")]].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    advice.replaceChildren(h("h2", {}, "Migration advice"), status.triggers.length ? h("ul", {}, status.triggers.map((t) => h("li", { class: "on" }, h("b", {}, t.what), ` is ${duration(t.p99_us)}, the limit is ${duration(t.limit_us)}. `, t.advice))) :
      h("p", {}, "None: over the last ten minutes, the 99th percentiles of blast-radius questions (limit 2 ms) and of a save's wait for the batch before it (limit 5 ms) are within their limits, or there were too few to tell."));
    const names = [...Object.keys(told.stages), ...Object.keys(told.questions)];
    if (choice.children.length !== names.length) choice.replaceChildren(h("optgroup", { label: "Stages of a save" }, Object.keys(told.stages).map((n) => h("option", { selected: n === chosen, value: n }, n))), h("optgroup", { label: "Questions" }, Object.keys(told.questions).map((n) => h("option", { selected: n === chosen, value: n }, n))));
    const row = (name, t) => h("tr", {}, h("td", {}, h("button", { type: "button", class: "link", onclick: () => ((choice.value = chosen = name), draw()) }, name)), h("td", {}, number(t.count)), ...["p50_us", "p99_us", "p999_us"].map((p) => h("td", {}, duration(t[p]))));
    const group = (title, timings) => (Object.keys(timings).length ? [h("tr", { class: "group" }, h("th", { colspan: "5" }, title)), ...Object.entries(timings).map(([n, t]) => row(n, t))] : []);
    body.replaceChildren(...group("Stages of a save", status.stages), ...group("Questions", status.questions));
    draw();
  }
  return {
    element, name: "health",
    async show() {
      timer = setInterval(() => load().catch(() => {}), EVERY_MS);
      observer = new ResizeObserver(() => plot?.setSize({ width: Math.max(chart.clientWidth, 200), height: 240 }));
      observer.observe(chart);
      await load();
    },
    refresh: () => load(), restyle: () => history && draw(),
    leave() {
      clearInterval(timer);
      observer?.disconnect();
      plot?.destroy();
      plot = null;
    },
  };
}
