import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { file } from '../testing';
import type { FilePage } from '../../api/types';
import { FileStore, type FetchPage } from './fileStore';

/** paged serves n files in pages. */
function paged(n: number): FetchPage & ReturnType<typeof vi.fn> {
  return vi.fn(async (cursor: string | undefined, limit: number): Promise<FilePage> => {
    const from = Number(cursor ?? 0);
    const items = Array.from({ length: Math.min(limit, n - from) }, (_, i) => file(from + i, `d${(from + i) % 7}/f${from + i}`));
    return Promise.resolve({ total: n, items, next: from + limit < n ? String(from + limit) : null });
  });
}

const atOnce = (): Promise<void> => Promise.resolve();

describe('FileStore', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test('loads all pages, the first one small', async () => {
    const fetchPage = paged(22_000);
    const s = new FileStore(fetchPage, atOnce);
    await s.load();
    expect(s.state()).toMatchObject({ total: 22_000, loading: false, problem: undefined });
    expect(s.state().tree.size).toBe(22_000);
    expect(fetchPage.mock.calls.map((c) => c[0] as string | undefined)).toEqual([undefined, '500', '10500', '20500']);
  });

  test('what has come is there before the rest', async () => {
    let seen = 0;
    const pages = paged(11_000);
    const s = new FileStore((cursor, limit) => {
      seen = Math.max(seen, cursor === undefined ? 0 : s.state().tree.size);
      return pages(cursor, limit) as Promise<FilePage>;
    }, atOnce);
    await s.load();
    expect(seen).toBe(10_500);
  });

  test('says what went wrong, and keeps what it has', async () => {
    const pages = paged(11_000);
    const s = new FileStore((cursor, limit) => (cursor === undefined ? (pages(cursor, limit) as Promise<FilePage>) : Promise.reject(new Error('gone'))), atOnce);
    await s.load();
    expect(s.state().loading).toBe(false);
    expect(String(s.state().problem)).toContain('gone');
    expect(s.state().tree.size).toBe(500);
  });

  test('a later load wins', async () => {
    const s = new FileStore(paged(10), atOnce);
    const first = s.load();
    const second = s.load();
    await Promise.all([first, second]);
    expect(s.state().tree.size).toBe(10);
    expect(s.state().loading).toBe(false);
  });

  test('events change single files, and are told at most every 100 ms', async () => {
    const s = new FileStore(paged(3), atOnce);
    await s.load();
    const told = vi.fn();
    s.subscribe(told);
    s.apply([{ index: 1, verified: 50 }]);
    s.apply([{ index: 2, verified: 70 }]);
    expect(told).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect(told).toHaveBeenCalledTimes(1);
    expect(s.state().tree.root.verified).toBe(120);
  });

  test('part of a file that is not known is passed over', async () => {
    const s = new FileStore(paged(1), atOnce);
    await s.load();
    s.apply([{ index: 9, verified: 1 }]);
    expect(s.state().tree.size).toBe(1);
    s.apply([file(9, 'new')]);
    expect(s.state().tree.size).toBe(2);
  });

  test('a priority can be taken back', async () => {
    const s = new FileStore(paged(2), atOnce);
    await s.load();
    const undo = s.prefer([...s.state().tree.leaves()].slice(0, 1).map((l) => l.file), 'skip');
    expect(s.state().tree.leaf(0)?.file.priority).toBe('skip');
    undo();
    expect(s.state().tree.leaf(0)?.file.priority).toBe('normal');
  });

  test('a stopped load tells nobody', async () => {
    const s = new FileStore(paged(10), atOnce);
    const told = vi.fn();
    const load = s.load();
    s.subscribe(told);
    s.stop();
    await load;
    expect(told).not.toHaveBeenCalled();
    expect(s.state().tree.size).toBe(0);
  });

  test('a hundred thousand files come in whole', async () => {
    const stretches = vi.fn(atOnce);
    const s = new FileStore(paged(100_000), stretches);
    await s.load();
    expect(s.state().tree.root.files).toBe(100_000);
    expect(stretches.mock.calls.length).toBeGreaterThanOrEqual(100); // it never works longer than for a thousand
  });
});
