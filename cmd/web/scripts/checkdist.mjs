// Fails unless what was built just now (npm run build -- into another folder) is what
// is committed, byte for byte.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const files = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => path.relative(dir, path.join(e.parentPath, e.name)))
    .sort();

const fresh = mkdtempSync(path.join(tmpdir(), 'gotor-dist-'));
try {
  execFileSync('npx', ['vite', 'build', '--logLevel', 'warn'], { stdio: 'inherit' });
  execFileSync('node', ['scripts/pack.mjs', fresh], { stdio: 'inherit' });
  const [want, got] = [files(fresh), files('dist')];
  const bad = [
    ...want.filter((f) => !got.includes(f)).map((f) => `dist lacks ${f}`),
    ...got.filter((f) => !want.includes(f)).map((f) => `dist has ${f}, which is not built`),
    ...want
      .filter((f) => got.includes(f) && !readFileSync(path.join(fresh, f)).equals(readFileSync(path.join('dist', f))))
      .map((f) => `${f} differs`),
  ];
  for (const line of bad) console.error(line);
  if (bad.length > 0) {
    console.error('the committed bundle is not what the sources give: npm run build, and commit dist');
    process.exitCode = 1;
  } else console.log(`dist is current: ${want.length} files`);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
