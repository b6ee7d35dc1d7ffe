import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** drop lets go of files over the page, as somebody does who drags them in from a folder. */
export async function drop(page: Page, ...paths: string[]): Promise<void> {
  const files = paths.map((p) => ({ name: basename(p), bytes: [...readFileSync(p)] }));
  const data = await page.evaluateHandle((list) => {
    const t = new DataTransfer();
    for (const f of list) t.items.add(new File([new Uint8Array(f.bytes)], f.name, { type: 'application/x-bittorrent' }));
    return t;
  }, files);
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('main', type, { dataTransfer: data });
}

/** paste presses the keys for it with a text in the clipboard. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate((t) => navigator.clipboard.writeText(t), text);
  await page.keyboard.press('Control+V');
}
