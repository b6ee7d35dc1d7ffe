import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { binary, root } from './paths';

// build makes the program of this tree, with the page that is committed in it.
export default function build(): void {
  if (process.env.GOTOR) return;
  mkdirSync(dirname(binary), { recursive: true });
  execFileSync('go', ['build', '-o', binary, '.'], { cwd: root, stdio: 'inherit', env: { ...process.env, CGO_ENABLED: '0' } });
}
