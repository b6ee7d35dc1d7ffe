import type { Locator, Page } from '@playwright/test';
import { expect, signIn, test } from './test';

// Nothing here uses a pointer.
test('a torrent is found, opened, paused, looked through and removed by keys alone', async ({ page, daemon, lab }) => {
  const [one, two] = [lab.payload('first of them', { 'a.bin': 20_000, 'b.bin': 20_000 }), lab.payload('second', { 'c.bin': 20_000 })];
  for (const p of [one, two]) daemon.ctl('add', p.torrent);
  await signIn(page, daemon);
  const rows = page.getByRole('row', { name: /first|second/ });
  await expect(rows).toHaveCount(2);
  const keys = page.keyboard;

  await keys.press('/');
  await keys.type('first');
  await expect(rows).toHaveCount(1);
  await keys.press('Enter');
  await expect(rows.first()).toBeFocused();
  await keys.press('Space');
  await expect(rows.first()).toContainText('Paused');

  await keys.press('Enter');
  await expect(page.getByRole('heading', { name: 'first of them' })).toBeVisible();
  await keys.press(']');
  await expect(page.getByRole('tab', { name: 'Files' })).toHaveAttribute('aria-selected', 'true');
  await tabTo(page, page.getByRole('tree', { name: 'Files' }));
  await keys.press('Space');
  await expect(page.getByRole('treeitem', { name: /a\.bin/ })).toHaveAttribute('aria-checked', 'false');
  await keys.press('Escape');
  await expect(page.getByRole('heading', { name: 'first of them' })).toHaveCount(0);

  await keys.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await keys.press('Escape');
  await keys.press(',');
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
  await keys.press('g');
  await keys.press('l');
  await keys.press('j');
  await expect(rows.first()).toBeFocused();
  await keys.press('Delete');
  const sheet = page.getByRole('dialog');
  await expect(sheet).toBeVisible();
  await tabTo(page, sheet.getByRole('button', { name: /^Remove/ }));
  await keys.press('Enter');
  await expect.poll(() => daemon.ctl('ls')).not.toContain('first of them');
  expect(daemon.ctl('ls')).toContain('second');
});

test('all that can be reached by tab shows that it has the focus, and nothing holds it', async ({ page, daemon, lab }) => {
  daemon.ctl('add', '--paused', lab.payload('one', { 'a.bin': 20_000 }).torrent);
  await signIn(page, daemon);
  await expect(page.getByRole('row', { name: /one/ })).toBeVisible();
  const seen: string[] = [];
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return undefined;
      // Rows draw the frame above their cells.
      const framed = [undefined, '::after'].some((part) => {
        const s = getComputedStyle(e, part);
        return s.outlineStyle !== 'none' || s.boxShadow !== 'none';
      });
      return { name: `${e.tagName} ${e.getAttribute('aria-label') ?? e.textContent.trim().slice(0, 40)}`, framed };
    });
    if (!at) break; // it has gone around, and is with the browser again
    expect.soft(at.framed, `${at.name} does not show that it has the focus`).toBe(true);
    seen.push(at.name);
  }
  expect(seen.length, seen.join('\n')).toBeLessThan(80);
  expect(seen.join('\n')).toMatch(/one/);
});

/** tabTo presses tab until something has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if (await target.evaluate((e) => e === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(target, 'tab leads there').toBeFocused();
}
