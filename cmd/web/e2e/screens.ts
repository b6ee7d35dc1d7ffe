import { type Page } from '@playwright/test';
import { drop } from './hands';
import type { Showcase } from './showcase';
import { expect } from './test';

/** Screen is something to look at, and the way to it for a browser that is signed in. */
export interface Screen {
  name: string;
  /** What is new on it, for who has looked at the list. */
  part?: string;
  open: (page: Page, s: Showcase) => Promise<void>;
}

const tabs = ['overview', 'files', 'peers', 'trackers', 'pieces', 'rates', 'settings'];

/** to goes to a place of the page. */
async function to(page: Page, s: Showcase, route: string): Promise<void> {
  await page.goto(`${s.daemon.url}#${route}`);
}

export const screens: Screen[] = [
  {
    name: 'list',
    open: async (page, s) => {
      await to(page, s, '/');
      await expect(page.getByRole('row', { name: /Concert/ })).toBeVisible();
    },
  },
  {
    name: 'nothing',
    open: async (page, s) => {
      await to(page, s, '/?q=nowhere');
      await expect(page.getByRole('heading', { name: 'Nothing matches' })).toBeVisible();
    },
  },
  ...tabs.map((tab): Screen => ({
    name: `item-${tab}`,
    part: 'section[aria-label=Torrent]',
    open: async (page, s) => {
      const p = tab === 'files' ? s.whole : s.under;
      await to(page, s, `/t/${p.infoHash}/${tab}`);
      await expect(page.getByRole('tabpanel')).not.toBeEmpty();
      if (tab === 'files') await page.getByRole('treeitem', { name: /Disc 1/ }).dblclick();
    },
  })),
  {
    name: 'add',
    part: 'dialog',
    open: async (page, s) => {
      await to(page, s, '/');
      await drop(page, s.fresh.torrent);
      await expect(page.getByRole('dialog').getByRole('tree')).toBeVisible();
    },
  },
  {
    name: 'remove',
    part: 'dialog',
    open: async (page, s) => {
      await to(page, s, '/');
      await page.getByRole('row', { name: /Concert/ }).focus();
      await page.keyboard.press('Delete');
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  },
  {
    name: 'settings',
    part: 'main',
    open: async (page, s) => {
      await to(page, s, '/settings');
      await expect(page.getByRole('heading', { name: 'Schedule' })).toBeVisible();
    },
  },
  {
    name: 'activity',
    part: 'main',
    open: async (page, s) => {
      await to(page, s, '/activity');
      await expect(page.getByRole('heading', { name: 'Daemon' })).toBeVisible();
    },
  },
  {
    name: 'keys',
    part: 'dialog',
    open: async (page, s) => {
      await to(page, s, '/');
      await expect(page.getByRole('row', { name: /Concert/ })).toBeVisible();
      await page.keyboard.press('?');
      await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
    },
  },
];

/** leave closes what is open over the page. */
export async function leave(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog');
  if (await dialog.count() === 0) return;
  const discard = dialog.getByRole('button', { name: 'Discard' });
  if (await discard.count() > 0) await discard.click();
  else await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
}
