import { test as base, expect, type Page } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from './daemon';
import { payload, seed, tracker, type Contents, type Payload } from './swarm';
import type { Program } from './process';

/** Lab is what a test has of the world beside its browser. */
export interface Lab {
  dir: string;
  announce: string;
  /** expected are faults that the test provokes: what the console says of them is no finding. */
  expected: RegExp[];
  payload(name: string, contents: Contents): Payload;
  seed(p: Payload, rate?: number): Promise<void>;
  daemon(...flags: string[]): Promise<Daemon>;
  watch(page: Page): void;
}

// Each test has a folder, a tracker and a daemon of its own. At its end nothing may have
// been said on the console, no rule of the policy broken, and nobody else asked.
export const test = base.extend<{ lab: Lab; daemon: Daemon }>({
  lab: async ({ page }, use) => {
    const dir = mkdtempSync(join(tmpdir(), 'gotor-page-'));
    const programs: Program[] = [];
    const daemons: Daemon[] = [];
    const findings: string[] = [];
    const t = await tracker();
    programs.push(t.program);
    const lab: Lab = {
      dir, announce: t.url, expected: [],
      payload: (name, contents) => payload(dir, name, contents, t.url),
      seed: async (p, rate) => { programs.push(await seed(p, t.url, rate)); },
      daemon: async (...flags) => {
        const d = new Daemon(join(dir, `daemon${daemons.length}`), flags);
        daemons.push(d);
        return d.start();
      },
      watch: (p) => { listen(p, daemons, findings); },
    };
    lab.watch(page);
    await use(lab);
    for (const d of daemons) await d.stop();
    for (const p of programs) await p.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
    expect(findings.filter((f) => !lab.expected.some((e) => e.test(f)))).toEqual([]);
  },
  daemon: async ({ lab }, use) => { await use(await lab.daemon()); },
});

// listen collects what a page must never do.
function listen(page: Page, daemons: Daemon[], findings: string[]): void {
  page.on('console', (m) => { if (['error', 'warning'].includes(m.type())) findings.push(`console: ${m.text()} (${m.location().url})`); });
  page.on('pageerror', (e) => findings.push(`uncaught: ${e.message}`));
  page.on('request', (r) => {
    const url = new URL(r.url());
    if (['data:', 'blob:'].includes(url.protocol)) return;
    if (!daemons.some((d) => new URL(d.url).origin === url.origin)) findings.push(`a request left the origin: ${r.url()}`);
  });
  void page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => { console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`); });
  });
}

/** signIn opens the page by a link that is good once. */
export async function signIn(page: Page, daemon: Daemon, route = ''): Promise<void> {
  await page.goto(daemon.login());
  await expect(page).not.toHaveURL(/code=/);
  await expect(page.getByRole('searchbox')).toBeVisible();
  if (route) await page.goto(`${daemon.url}#${route}`);
}

export { expect };
