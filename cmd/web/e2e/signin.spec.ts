import { expect, test } from './test';

test('a link signs in once, and its code is nowhere to be seen afterwards', async ({ page, daemon, lab, browser }) => {
  lab.expected.push(/401/);
  const link = daemon.login();
  await page.goto(link);
  await expect(page.getByRole('searchbox')).toBeVisible();
  expect(page.url()).not.toContain('code');
  await page.goBack();
  expect(page.url()).not.toContain('code');
  await page.goto(daemon.url);
  await expect(page.getByRole('searchbox'), 'the browser stays signed in').toBeVisible();
  const other = await browser.newContext();
  const second = await other.newPage();
  lab.watch(second);
  await second.goto(link);
  await expect(second.getByLabel('Token')).toBeVisible();
  expect(second.url()).not.toContain('code');
  await other.close();
});

test('a wrong token is told, the right one signs in, and signing out ends it', async ({ page, daemon, lab }) => {
  lab.expected.push(/401/);
  await page.goto(daemon.url);
  await page.getByLabel('Token').fill('not this one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText(/wrong|not the token/i)).toBeVisible();
  await page.getByLabel('Token').fill(daemon.token());
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('searchbox')).toBeVisible();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByLabel('Token')).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Token')).toBeVisible();
});

test('with the token for reading there is nothing to change', async ({ page, daemon, lab }) => {
  lab.expected.push(/401/);
  const p = lab.payload('looked-at', { 'a.bin': 20_000 });
  daemon.ctl('add', '--paused', p.torrent);
  await page.goto(daemon.url);
  await page.getByLabel('Token').fill(daemon.token('token-read'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('row', { name: /looked-at/ }).dblclick();
  await expect(page.getByRole('heading', { name: 'looked-at' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Add', exact: true })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Start' })).toHaveCount(0);
  await page.keyboard.press('Delete');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});
