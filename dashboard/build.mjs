// Bundles the page and writes it as C: build.mjs SOURCES OUTPUT.h, run where node_modules is.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [sources, output] = process.argv.slice(2);
const made = await build({
  entryPoints: { dashboard: join(sources, "src/main.js") },
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  legalComments: "none",
  write: false,
  outdir: "out",
  nodePaths: [join(process.cwd(), "node_modules")],
  logLevel: "warning",
});
const bundled = (end) => made.outputFiles.find((f) => f.path.endsWith(end)).contents;
const assets = [
  ["/", "text/html; charset=utf-8", readFileSync(join(sources, "src/index.html"))],
  ["/dashboard.js", "text/javascript; charset=utf-8", bundled(".js")],
  ["/dashboard.css", "text/css; charset=utf-8", bundled(".css")],
  ["/favicon.svg", "image/svg+xml", readFileSync(join(sources, "src/favicon.svg"))],
];
let text = "";
assets.forEach(([, , data], i) => {
  text += `static const unsigned char asset_${i}[] = {`;
  for (let at = 0; at < data.length; at += 64) text += Array.from(data.subarray(at, at + 64)).join(",") + ",\n";
  text += "0};\n";
});
text += "static const pt_asset assets[] = {\n";
assets.forEach(([path, type], i) => (text += `    {"${path}", "${type}", asset_${i}, sizeof asset_${i} - 1},\n`));
text += "    {NULL, NULL, NULL, 0}};\n";
writeFileSync(output, text);
