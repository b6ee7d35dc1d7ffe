// Sums up what the first load of the page takes, and fails above the budget. The first
// load is what index.html names, and what those files import at once.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const dist = process.argv[2] ?? 'dist';
const budget = { '.js': 170 * 1024, '.css': 15 * 1024 };
const { decompress } = createRequire(import.meta.url)('brotli-wasm');

const packed = (name) => readFileSync(path.join(dist, name + '.br'));
const text = (name) => new TextDecoder().decode(decompress(packed(name)));

const first = new Set();
function visit(name) {
  if (first.has(name)) return;
  first.add(name);
  if (!name.endsWith('.js')) return;
  for (const [, to] of text(name).matchAll(/(?:from|import)\s*"(\.\/[^"]+\.js)"/g)) visit(path.join(path.dirname(name), to));
}
for (const [, name] of text('index.html').matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)) visit(name);

let over = false;
for (const [kind, most] of Object.entries(budget)) {
  const names = [...first].filter((n) => n.endsWith(kind));
  const sum = names.reduce((n, name) => n + packed(name).length, 0);
  over ||= sum > most;
  console.log(`${kind}: ${sum} of ${most} bytes${sum > most ? ': TOO MUCH' : ''}`);
  for (const name of names) console.log(`  ${packed(name).length} ${name}`);
}
process.exitCode = over ? 1 : 0;
