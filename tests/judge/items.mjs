// Prints the items of Rust files as tree-sitter-rust reads them: one JSON line an item, in the form of
// `pt-frontend items` (file, kind, name, line, end_line).
//
//   node items.mjs [--jobs N] [--errors] @LIST | FILE...
//
// --errors adds one line {"file","error":true,"line","end_line"} for every ERROR or MISSING node, and "tainted":true to
// an item that lies inside an ERROR node or has an error inside itself. The packages are looked for in $JUDGE_MODULES
// (default: build/judge), where compare.py installs them.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = process.env.JUDGE_MODULES ?? path.join(here, '..', '..', 'build', 'judge');

const KINDS = {
  mod_item: 'module',
  struct_item: 'struct',
  enum_item: 'enum',
  union_item: 'union',
  enum_variant: 'variant',
  field_declaration: 'field',
  trait_item: 'trait',
  impl_item: 'impl',
  function_item: 'fn',
  function_signature_item: 'fn',
  const_item: 'const',
  static_item: 'static',
  type_item: 'type_alias',
  associated_type: 'type_alias', // also what tree-sitter calls a `type T;` of an extern block
  macro_definition: 'macro',
  use_declaration: 'use',
  extern_crate_declaration: 'extern_crate',
};
// What these are called inside an impl or a trait.
const ASSOCIATED = { fn: 'method', const: 'assoc_const', type_alias: 'assoc_type' };

const QUERY = `[${Object.keys(KINDS).map((type) => `(${type})`).join(' ')}] @item
(source_file (macro_invocation) @call)
(source_file (expression_statement (macro_invocation) @call))
(declaration_list (macro_invocation) @call)`;

function plain(identifier) {
  return identifier.startsWith('r#') ? identifier.slice(2) : identifier;
}

// The next sibling that is no comment.
function following(node) {
  let next = node.nextSibling;
  while (next && (next.type === 'line_comment' || next.type === 'block_comment')) next = next.nextSibling;
  return next;
}

// Rust's own first token: tree-sitter's nodes of items start after attributes and doc comments, as ours do.
function itemOf(node, capture) {
  if (capture === 'call') {
    // tree-sitter leaves the `;` after `name!(...)` outside of the invocation; to rustc it is the item's last token.
    const next = following(node);
    const semicolon = next && (next.type === 'empty_statement' || next.type === ';') ? next : null;
    const brace = node.lastChild?.lastChild?.type === '}';
    const end = semicolon && !brace ? semicolon : node;
    const name = node.childForFieldName('macro');
    const last = name?.type === 'scoped_identifier' ? name.childForFieldName('name') : name;
    return ['macro_call', plain(last?.text ?? ''), node.startPosition.row + 1, end.endPosition.row + 1];
  }
  let kind = KINDS[node.type];
  if (kind in ASSOCIATED) {
    const list = node.parent;
    const owner = list?.type === 'declaration_list' ? list.parent : null;
    if (owner && (owner.type === 'impl_item' || owner.type === 'trait_item')) kind = ASSOCIATED[kind];
  }
  // `extern crate a as b` has the name `a`: what is named, not what it is bound to.
  let name = '';
  if (kind !== 'impl' && kind !== 'use') {
    name = plain(node.childForFieldName('name')?.text ?? '');
  }
  return [kind, name, node.startPosition.row + 1, node.endPosition.row + 1];
}

function errorNodes(root) {
  const found = [];
  const visit = (node) => {
    if (node.type === 'ERROR' || node.isMissing) {
      found.push(node);
      return;
    }
    if (node.hasError) for (const child of node.children) visit(child);
  };
  visit(root);
  return found;
}

function reader() {
  const require = createRequire(path.join(modules, 'package.json'));
  const Parser = require('tree-sitter');
  const language = require('tree-sitter-rust');
  const parser = new Parser();
  parser.setLanguage(language);
  const query = new Parser.Query(language, QUERY);
  return (file, withErrors) => {
    const text = fs.readFileSync(file, 'utf8');
    const tree = parser.parse((index) => text.slice(index, index + 16384));
    const root = tree.rootNode;
    const lines = [];
    const broken = withErrors && root.hasError;
    const errors = broken ? errorNodes(root) : [];
    for (const error of errors) {
      lines.push(JSON.stringify({
        file, error: true, line: error.startPosition.row + 1, end_line: error.endPosition.row + 1,
      }));
    }
    const seen = new Set();
    for (const { name: capture, node } of query.captures(root)) {
      if (seen.has(node.id)) continue;
      seen.add(node.id);
      const [kind, name, line, end_line] = itemOf(node, capture);
      const item = { file, kind, name, line, end_line };
      if (broken) {
        const inside = errors.some((e) => e.startIndex <= node.startIndex && node.endIndex <= e.endIndex);
        if (inside || node.hasError) item.tainted = true;
      }
      lines.push(JSON.stringify(item));
    }
    return lines;
  };
}

function work(files, withErrors) {
  const read = reader();
  let out = [];
  const flush = () => {
    if (out.length) fs.writeSync(1, out.join('\n') + '\n');
    out = [];
  };
  for (const file of files) {
    out.push(...read(file, withErrors));
    if (out.length > 5000) flush();
  }
  flush();
}

// Each job takes every N-th file; their outputs come one after the other, so the lines of a file stay together.
async function share(files, jobs, withErrors) {
  const outputs = [];
  for (let job = 0; job < jobs; job++) {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...(withErrors ? ['--errors'] : []), '--stdin'],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(files.filter((_, index) => index % jobs === job).join('\n') + '\n');
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    outputs.push(new Promise((resolve) => child.on('close', (code) => resolve({ code, chunks }))));
  }
  for (const output of outputs) {
    const { code, chunks } = await output;
    for (const chunk of chunks) fs.writeSync(1, chunk);
    if (code !== 0) process.exitCode = 1;
  }
}

const lines = (text) => text.split('\n').filter((line) => line !== '');
let jobs = 1;
let withErrors = false;
const files = [];
const args = process.argv.slice(2);
while (args.length) {
  const arg = args.shift();
  if (arg === '--jobs') jobs = Number(args.shift());
  else if (arg === '--errors') withErrors = true;
  else if (arg === '--stdin') files.push(...lines(fs.readFileSync(0, 'utf8')));
  else if (arg.startsWith('@')) files.push(...lines(fs.readFileSync(arg.slice(1), 'utf8')));
  else files.push(arg);
}
if (jobs > 1) await share(files, jobs, withErrors);
else work(files, withErrors);
