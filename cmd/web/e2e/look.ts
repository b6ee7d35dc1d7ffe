import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** Findings are what is wrong, and where. */
export class Findings {
  private readonly found = new Map<string, string[]>();

  add(where: string, faults: string[]): void {
    for (const f of new Set(faults)) this.found.set(f, [...(this.found.get(f) ?? []), where]);
  }

  all(): string[] { return [...this.found].map(([fault, where]) => `${fault} (${where.join(', ')})`); }
}

/** settled waits until a page that has another size has drawn itself again. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise<void>((done) => { requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => { done(); }))); }));
}

/** Question is what axe is asked about. */
export interface Question {
  /** A selector of the part that is new; without it, all of the page. */
  part?: string;
  /** Only what colours change. */
  coloursOnly?: boolean;
}

/** faults are what axe finds that keeps somebody from using the page. */
export async function faults(page: Page, { part, coloursOnly }: Question = {}): Promise<string[]> {
  // In the page itself and without what is right: it is several times faster.
  const axe = new AxeBuilder({ page }).setLegacyMode(true);
  axe.options({
    resultTypes: ['violations'],
    runOnly: coloursOnly ? { type: 'rule', values: ['color-contrast'] } : { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  });
  if (part) axe.include(part);
  const { violations } = await axe.analyze();
  return violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.any[0]?.message ?? n.all[0]?.message ?? v.help}`));
}

/**
 * sideways are the parts of the page that are wider than their place, so that somebody has
 * to scroll two ways to read. Tables and rows of tabs may be, which have their own scroll bar.
 */
export async function sideways(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const own = '[role=grid], [role=tablist], [role=tree], [role=table], table, pre, textarea, input, select, [data-wide]';
    const name = (e: Element) => `${e.tagName.toLowerCase()}.${e.className} ${e.scrollWidth} > ${e.clientWidth}`;
    return [...document.querySelectorAll('*')]
      .filter((e) => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1)
      .filter((e) => e === document.scrollingElement || ['auto', 'scroll'].includes(getComputedStyle(e).overflowX))
      .filter((e) => !e.closest(own) && !e.querySelector(':scope > table'))
      .map(name);
  });
}

/** moving are the elements whose style would have them move or fade. */
export async function moving(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const long = (s: string) => s.split(',').some((d) => parseFloat(d) > 0.01);
    return [...document.querySelectorAll('*')]
      .filter((e) => {
        const s = getComputedStyle(e);
        return long(s.transitionDuration) || (s.animationName !== 'none' && long(s.animationDuration));
      })
      .map((e) => `${e.tagName.toLowerCase()}.${e.getAttribute('class') ?? ''}`);
  });
}
