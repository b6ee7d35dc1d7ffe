// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { base } from '../api/client';
import { install, type Fake } from '../fake/install';
import { notices } from '../store/notices';
import { settings } from '../store/settings';
import { backOf, change } from './change';

let fake: Fake;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  fake = install(base, '', 3);
  settings.set(fake.world.settings);
  notices.set([]);
});
afterEach(() => { fake.uninstall(); vi.useRealTimers(); });

const said = () => notices.get().map((n) => n.text);

test('a value is changed, and taken back to where it came from', async () => {
  expect(await change('Download limit', { max_down: 77 })).toBe(true);
  expect(settings.get()?.max_down).toEqual({ value: 77, from: 'api', fixed: false });
  expect(said()).toEqual(['Download limit: changed']);
  notices.get()[0]?.action?.run();
  await vi.waitFor(() => expect(settings.get()?.max_down.from).toBe('default'));
});

test('what was set here goes back to its value, the rest to flags, file and defaults', () => {
  const was = fake.world.settings;
  expect(backOf(was, { max_up: 1, seed: { ratio: 9 }, override: { max_down: 0, max_up: 0, until: '' } })).toEqual({
    max_up: was.max_up.value, seed: { ratio: null }, override: null,
  });
});

test('what another browser has changed is not overwritten', async () => {
  fake.world.settings = { ...fake.world.settings, revision: 9, max_down: { value: 5, from: 'api', fixed: false } };
  expect(await change('Download limit', { max_down: 77 })).toBe(false);
  expect(said()[0]).toContain('was not changed. Somebody else has changed this meanwhile.');
  expect(settings.get()?.max_down.value).toBe(5);
});

test.each(['offline', '507', '403', '500'] as const)('%s: the old value stays, and why is said', async (fault) => {
  fake.faults.add(fault);
  expect(await change('Upload limit', { max_up: 1 })).toBe(false);
  expect(settings.get()?.max_up.value).toBe(5 * 2 ** 20);
  expect(said()[0]).toMatch(/^Upload limit was not changed\. /);
});
