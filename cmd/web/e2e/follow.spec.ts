import type { Page } from '@playwright/test';
import { expect, signIn, test } from './test';

const unreachable = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE/;

test('a daemon that is killed is missed, and the page comes back with it', async ({ page, daemon, lab }) => {
  lab.expected.push(unreachable);
  const [before, after] = [lab.payload('before', { 'a.bin': 20_000 }), lab.payload('after', { 'a.bin': 20_000 })];
  daemon.ctl('add', '--paused', before.torrent);
  await signIn(page, daemon);
  await expect(page.getByRole('row', { name: /before/ })).toBeVisible();
  await daemon.kill();
  await expect(page.getByRole('button', { name: 'Try now' })).toBeVisible();
  await expect(page.getByRole('row', { name: /before/ }), 'what was known stays').toBeVisible();
  await daemon.start();
  daemon.ctl('add', '--paused', after.torrent);
  await page.getByRole('button', { name: 'Try now' }).click();
  await expect(page.getByRole('row', { name: /after/ })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try now' })).toHaveCount(0);
  await expect(page.getByRole('row', { name: /before/ }), 'and is there once').toHaveCount(1);
});

test('a daemon that is stopped says so, and is waited for without a click', async ({ page, daemon, lab }) => {
  lab.expected.push(unreachable, /503/);
  await signIn(page, daemon);
  await expect(page.getByText('No torrents yet')).toBeVisible();
  await daemon.stop();
  await expect(page.getByText(/has stopped/)).toBeVisible();
  await daemon.start();
  daemon.ctl('add', '--paused', lab.payload('later', { 'a.bin': 20_000 }).torrent);
  await expect(page.getByRole('row', { name: /later/ })).toBeVisible({ timeout: 45_000 });
  await expect(page.getByText(/has stopped/)).toHaveCount(0);
});

test('what one browser does, another one sees', async ({ page, daemon, lab, browser }) => {
  const p = lab.payload('shared', { 'a.bin': 20_000 });
  daemon.ctl('add', p.torrent);
  const context = await browser.newContext();
  const other = await context.newPage();
  lab.watch(other);
  await signIn(page, daemon);
  await signIn(other, daemon);
  for (const b of [page, other]) await expect(b.getByRole('row', { name: /shared/ })).toContainText('Stalled');
  await page.getByRole('row', { name: /shared/ }).focus();
  await page.keyboard.press('Space');
  await expect(other.getByRole('row', { name: /shared/ })).toContainText('Paused');

  await other.goto(`${daemon.url}#/settings/limits`);
  await page.goto(`${daemon.url}#/settings/limits`);
  const limit = (b: Page) => b.getByRole('textbox', { name: 'Download', exact: true });
  await limit(other).fill('3 MiB/s');
  await limit(other).press('Enter');
  await expect(limit(page)).toHaveValue(/^3(\.0)? MiB/);
  expect(daemon.ctl('settings', '--json')).toContain('3145728');

  daemon.ctl('rm', p.infoHash);
  await page.goto(`${daemon.url}#/`);
  for (const b of [page, other]) await b.goto(`${daemon.url}#/`);
  await expect(page.getByText('No torrents yet')).toBeVisible();
  await expect(other.getByText('No torrents yet')).toBeVisible();
  await context.close();
});
