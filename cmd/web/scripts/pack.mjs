// Makes dist of what vite has built: every file by brotli, and by gzip for browsers on
// plain HTTP, which take no other. Both are done by code of their own, not by node's
// zlib, so that the bytes are the same on every machine.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gzipSync } from 'fflate';

const [from, to] = ['build', process.argv[2] ?? 'dist'];
const { compress } = createRequire(import.meta.url)('brotli-wasm');

rmSync(to, { recursive: true, force: true });
for (const name of readdirSync(from, { recursive: true, withFileTypes: true })) {
  if (!name.isFile()) continue;
  const file = path.join(name.parentPath, name.name);
  const data = readFileSync(file);
  const out = path.join(to, path.relative(from, file));
  mkdirSync(path.dirname(out), { recursive: true });
  writeFileSync(out + '.br', compress(data, { quality: 11 }));
  writeFileSync(out + '.gz', gzipSync(data, { level: 9, mtime: 0 }));
}
