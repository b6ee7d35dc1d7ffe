import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Settings } from '../api/types';
import { announce, spoken } from './announce';
import { link } from './link';
import { dismiss, notices, notify } from './notices';
import { Ring } from './ring';
import { settings, takeSettings } from './settings';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

describe('link', () => {
  it('counts from when a state begins, and forgets with it what belonged to it', () => {
    link.update({ state: 'reconnecting', nextTry: 5, detail: 'x' });
    const since = link.get().since;
    vi.advanceTimersByTime(1000);
    link.update({ state: 'reconnecting', nextTry: 9 });
    expect(link.get()).toMatchObject({ since, nextTry: 9, detail: 'x' });
    link.update({ state: 'live' });
    expect(link.get()).toMatchObject({ since: since + 1000, nextTry: undefined, detail: undefined });
  });

  it('is the same when nothing changes', () => {
    link.update({ state: 'live' });
    const was = link.get();
    link.update({ state: 'live' });
    expect(link.get()).toBe(was);
  });
});

describe('notices', () => {
  const texts = () => notices.get().map((n) => n.text);

  it('go by themselves, but for those with something to do', () => {
    notify({ kind: 'ok', text: 'a' });
    notify({ kind: 'bad', text: 'b', action: { label: 'x', run: () => {} } });
    vi.advanceTimersByTime(6000);
    expect(texts()).toEqual(['b']);
    for (const n of notices.get()) dismiss(n.id);
    expect(texts()).toEqual([]);
  });

  it('are few, and each is there once', () => {
    for (const text of ['a', 'b', 'c', 'b', 'd', 'e']) notify({ kind: 'ok', text });
    expect(texts()).toEqual(['c', 'b', 'd', 'e']);
  });
});

it('says one line in five seconds, and sums up what comes between', () => {
  const said: string[] = [];
  const end = spoken.subscribe(() => said.push(spoken.get()));
  announce('a completed');
  announce('b completed');
  announce('c failed');
  expect(said).toEqual(['a completed']);
  vi.advanceTimersByTime(4999);
  expect(said).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(said[1]).toBe('2 torrents changed: c failed last');
  vi.advanceTimersByTime(60_000);
  announce('d completed');
  expect(said[2]).toBe('d completed');
  end();
});

describe('Ring', () => {
  it('keeps the last seconds, the newest last', () => {
    const r = new Ring(3);
    r.load([1, 2, 3, 4], [5, 6, 7, 8], 10_000);
    expect(r.get()).toEqual({ interval: 1, down: [2, 3, 4], up: [6, 7, 8] });
    r.add(10_900, 9, 9);
    expect(r.get().down).toEqual([2, 3, 9]);
    r.add(11_000, 1, 1);
    expect(r.get().down).toEqual([3, 9, 1]);
  });

  it('has rates stay while nobody tells of others', () => {
    const r = new Ring(5);
    r.add(1000, 7, 1);
    r.pass(3000);
    expect(r.get().down.slice(-3)).toEqual([7, 7, 7]);
    r.pass(1_000_000_000);
    expect(r.get().down).toEqual([7, 7, 7, 7, 7]);
  });

  it('survives a clock that is set back', () => {
    const r = new Ring(5);
    r.load([1, 2], [1, 2], 100_000);
    r.add(50_000, 3, 3);
    r.add(51_000, 4, 4);
    expect(r.get().down).toEqual([1, 3, 4]);
  });
});

it('keeps the newest settings, whichever comes last', () => {
  const at = (revision: number) => ({ revision }) as Settings;
  settings.set(undefined);
  takeSettings(at(5));
  takeSettings(at(4));
  expect(settings.get()?.revision).toBe(5);
  takeSettings(at(6));
  expect(settings.get()?.revision).toBe(6);
});
