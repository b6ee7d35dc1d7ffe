import { join } from 'node:path';
import { faults, Findings, moving, settled, sideways } from './look';
import { pictures } from './paths';
import { leave, screens } from './screens';
import { showcase } from './showcase';
import { expect, signIn, test } from './test';

const desktop = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };

// One browser goes through all screens. What is wrong with any of them is told at the end,
// each fault once, with the screens that have it.
for (const colorScheme of ['light', 'dark'] as const) {
  test(`screens are for everybody, and as they look: ${colorScheme}`, async ({ page, lab }) => {
    test.setTimeout(180_000);
    const s = await showcase(lab);
    const found = new Findings();
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize(desktop);
    await signIn(page, s.daemon);
    for (const screen of screens) {
      await test.step(screen.name, async () => {
        await screen.open(page, s);
        found.add(screen.name, await faults(page, { part: screen.part, coloursOnly: colorScheme === 'dark' }));
        found.add(screen.name, (await moving(page)).map((e) => `${e} moves, though less motion is asked for`));
        for (const [size, viewport] of Object.entries({ desktop, phone })) {
          await page.setViewportSize(viewport);
          await page.screenshot({ path: join(pictures, `${screen.name}-${colorScheme}-${size}.png`) });
        }
        await page.setViewportSize(desktop);
        await leave(page);
      });
    }
    expect(found.all()).toEqual([]);
  });
}

// 640 wide is what a screen of 1,280 shows at 200 %, and 320 at 400 %.
test('nothing has to be scrolled sideways, on a small phone or at 200 %', async ({ page, lab }) => {
  test.setTimeout(180_000);
  const s = await showcase(lab);
  const found = new Findings();
  await signIn(page, s.daemon);
  for (const screen of screens) {
    await test.step(screen.name, async () => {
      await screen.open(page, s);
      for (const viewport of [{ width: 640, height: 400 }, { width: 320, height: 640 }]) {
        await page.setViewportSize(viewport);
        await settled(page);
        found.add(`${screen.name} at ${viewport.width}`, await sideways(page));
      }
      await page.setViewportSize({ width: 1280, height: 800 });
      await leave(page);
    });
  }
  expect(found.all()).toEqual([]);
});

test('signing in is for everybody', async ({ page, daemon, lab }) => {
  lab.expected.push(/401/);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.goto(daemon.url);
    await expect(page.getByLabel('Token')).toBeVisible();
    expect.soft(await faults(page)).toEqual([]);
    for (const [size, viewport] of Object.entries({ desktop, phone, small: { width: 320, height: 640 } })) {
      await page.setViewportSize(viewport);
      expect.soft(await sideways(page)).toEqual([]);
      await page.screenshot({ path: join(pictures, `signin-${colorScheme}-${size}.png`) });
    }
  }
});
