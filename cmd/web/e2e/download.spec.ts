import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { drop, paste } from './hands';
import { wav } from './media';
import { bytesOf, digest, type Payload } from './swarm';
import { expect, signIn, test } from './test';
import type { Daemon } from './daemon';

// here fails unless all files of a payload are on the daemon's disk as they were.
function here(daemon: Daemon, p: Payload): void {
  for (const [path, bytes] of Object.entries(p.files)) expect(digest(bytesOf(join(daemon.data, p.name, path))), path).toBe(digest(bytes));
}

test('a .torrent that is dropped shows what is inside, and is downloaded', async ({ page, daemon, lab }) => {
  const p = lab.payload('dropped', { 'one.bin': 400_000, 'more/two.bin': 150_000, 'more/three.txt': 3_000 });
  await lab.seed(p);
  await signIn(page, daemon);
  await drop(page, p.torrent);
  const sheet = page.getByRole('dialog', { name: 'Add torrents' });
  await expect(sheet.getByRole('tree')).toContainText('one.bin');
  await expect(sheet.getByText(/553 kB|540 KiB/).first(), 'how much it is').toBeVisible();
  expect(daemon.ctl('ls'), 'nothing starts before somebody says so').toBe('');
  await sheet.getByRole('button', { name: 'Add', exact: true }).click();
  const row = page.getByRole('row', { name: /dropped/ });
  await expect(row).toContainText(/Seeding|Completed/);
  await expect(row).toContainText('100');
  here(daemon, p);
});

test('a magnet that is pasted is asked about, and is downloaded', async ({ page, daemon, lab }) => {
  const p = lab.payload('pasted', { 'one.bin': 300_000, 'two.bin': 20_000 });
  await lab.seed(p);
  await signIn(page, daemon);
  await paste(page, p.magnet);
  const sheet = page.getByRole('dialog', { name: 'Add torrents' });
  await expect(sheet.getByRole('tree'), 'peers say what is inside').toContainText('two.bin');
  await sheet.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByRole('row', { name: /pasted/ })).toContainText(/Seeding|Completed/);
  here(daemon, p);
});

test('what is not wanted is not downloaded, and is when it is', async ({ page, daemon, lab }) => {
  const p = lab.payload('chosen', { 'keep.bin': 200_000, 'leave.bin': 200_000 });
  await lab.seed(p);
  daemon.ctl('add', '--files', 'keep.bin', p.torrent);
  await signIn(page, daemon, `/t/${p.infoHash}/files`);
  const file = (name: string) => page.getByRole('treeitem', { name: new RegExp(name) });
  await expect(file('leave')).toHaveAttribute('aria-checked', 'false');
  await expect(file('keep')).toContainText('100');
  await page.getByRole('tree', { name: 'Files' }).focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Space');
  await expect(file('leave')).toHaveAttribute('aria-checked', 'true');
  await expect(file('leave')).toContainText('100');
  here(daemon, p);
  await file('keep').click();
  await page.getByRole('toolbar', { name: 'Actions for keep.bin' }).getByRole('combobox').selectOption('high');
  await expect.poll(async () => (await daemon.get<{ items: { path: string; priority: string }[] }>(`/torrents/${p.infoHash}/files`)).items.map((f) => `${f.path.split('/').at(-1)} ${f.priority}`).sort())
    .toEqual(['keep.bin high', 'leave.bin normal']);
});

test('a file is played and saved, and the bytes are the same', async ({ page, daemon, lab }) => {
  const p = lab.payload('media', { 'tone.wav': wav(3), 'rest.bin': 60_000 });
  await lab.seed(p);
  daemon.ctl('add', p.torrent);
  await signIn(page, daemon, `/t/${p.infoHash}/files`);
  await page.getByRole('treeitem', { name: /tone/ }).click();
  const bar = page.getByRole('toolbar', { name: 'Actions for tone.wav' });
  await bar.getByRole('button', { name: 'Play' }).click();
  const player = page.getByRole('dialog', { name: 'tone.wav' });
  await expect.poll(() => player.getByLabel('tone.wav').evaluate((a: HTMLAudioElement) => [a.error?.message ?? '', Math.round(a.duration)])).toEqual(['', 3]);
  await page.keyboard.press('Escape');
  await expect(player).toHaveCount(0);
  const saved = page.waitForEvent('download');
  await bar.getByRole('link', { name: 'Save' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe('tone.wav');
  expect(digest(bytesOf(await download.path()))).toBe(digest(p.files['tone.wav']!));
});

test('removing the data takes the files of the torrent, and no others', async ({ page, daemon, lab }) => {
  const [gone, stays] = [lab.payload('gone', { 'one.bin': 50_000, 'in/two.bin': 50_000 }), lab.payload('stays', { 'one.bin': 50_000 })];
  for (const p of [gone, stays]) {
    await lab.seed(p);
    daemon.ctl('add', p.torrent);
  }
  await signIn(page, daemon);
  const row = page.getByRole('row', { name: /gone/ });
  await expect(row).toContainText(/Seeding|Completed/);
  await row.focus();
  await page.keyboard.press('Delete');
  const sheet = page.getByRole('dialog', { name: 'Remove this torrent?' });
  await page.keyboard.press('y');
  await expect(sheet, 'no key that was not asked for deletes').toBeVisible();
  await page.keyboard.press('d');
  await expect(sheet.getByRole('button', { name: /delete 2 files/ })).toBeVisible();
  await page.keyboard.press('y');
  await expect(row).toHaveCount(0);
  await expect.poll(() => readdirSync(daemon.data)).toEqual(['stays']);
  await expect(page.getByRole('row', { name: /stays/ })).toContainText(/Seeding|Completed/);
  await page.getByRole('row', { name: /stays/ }).focus();
  await page.keyboard.press('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove, keep the files' }).click();
  await expect(page.getByText('No torrents yet')).toBeVisible();
  here(daemon, stays);
});
