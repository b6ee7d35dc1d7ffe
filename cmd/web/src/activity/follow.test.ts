// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { base } from '../api/client';
import type { Log } from '../api/types';
import { install, type Fake } from '../fake/install';
import { follow } from './follow';

let fake: Fake;
let end: AbortController;
const told: Log[] = [];
const troubles: (string | undefined)[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  fake = install(base, '', 2);
  told.length = 0;
  troubles.length = 0;
  end = new AbortController();
  void follow({ lines: (more) => told.push(...more), trouble: (why) => troubles.push(why?.code) }, end.signal);
});
afterEach(() => { end.abort(); fake.uninstall(); vi.useRealTimers(); });

const texts = () => told.map((l) => l.text);

test('the lines there are, and each that comes', async () => {
  await vi.waitFor(() => expect(texts()).toContain('gotor 0.1.0 is ready: 2 torrents'));
  fake.world.log('warn', 'something new');
  await vi.advanceTimersByTimeAsync(2000);
  expect(texts()).toContain('something new');
  expect(troubles).toEqual([undefined]);
});

test('what is missed while the daemon is away is asked for', async () => {
  end.abort();
  fake.faults.add('offline');
  end = new AbortController();
  told.length = 0;
  void follow({ lines: (more) => told.push(...more), trouble: (why) => troubles.push(why?.code) }, end.signal);
  await vi.waitFor(() => expect(troubles.at(-1)).toBe('unreachable'));
  fake.world.log('error', 'nobody has seen this');
  fake.faults.clear();
  await vi.advanceTimersByTimeAsync(6000);
  expect(texts()).toContain('nobody has seen this');
  expect(troubles.at(-1)).toBeUndefined();
});
