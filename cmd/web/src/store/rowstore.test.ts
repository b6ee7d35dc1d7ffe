import { beforeEach, describe, expect, it, vi } from 'vitest';
import { torrent } from '../testing/torrent';
import { arrange } from './arrange';
import { RowStore } from './rowstore';
import { everything, type View } from './view';

vi.mock(import('./arrange'), async (original) => {
  const real = await original();
  return { ...real, arrange: vi.fn(real.arrange) };
});

let waiting: (() => void)[] = [];
let hidden = false;
let unhide: (() => void)[] = [];

/** tick lets the time of one publication pass. */
function tick(): void {
  const due = waiting;
  waiting = [];
  for (const fn of due) fn();
}

const make = () =>
  new RowStore({
    later: (fn) => void waiting.push(fn),
    hidden: () => hidden,
    shown: (fn) => void unhide.push(fn),
  });

const ev = (rows: object[], removed: string[] = []) => ({ revision: 9, rows: rows as { id: string }[], removed });
const byName: View = { ...everything, sort: [{ key: 'name', desc: false }] };
const [a, b, c] = [torrent(1), torrent(2), torrent(3)];

let store: RowStore;
beforeEach(() => {
  waiting = [];
  unhide = [];
  hidden = false;
  store = make();
  store.load({ items: [a, b, c], counts: { state: { downloading: 3 }, label: {}, tracker: {}, dir: {} } });
});

describe('RowStore', () => {
  it('shows what was loaded at once', () => {
    expect(store.get(a.id)).toBe(a);
    expect(store.counts().state).toEqual({ downloading: 3 });
    expect(store.loaded).toBe(true);
  });

  it('publishes changes together, and replaces only what changed', () => {
    const list = vi.fn();
    const ofA = vi.fn();
    const ofB = vi.fn();
    store.subscribe(list);
    store.subscribeRow(a.id, ofA);
    store.subscribeRow(b.id, ofB);
    for (let i = 1; i <= 5; i++) store.apply(ev([{ id: a.id, down_rate: i }]));
    expect(list).not.toHaveBeenCalled();
    expect(waiting).toHaveLength(1);
    tick();
    expect(list).toHaveBeenCalledTimes(1);
    expect(ofA).toHaveBeenCalledTimes(1);
    expect(ofB).not.toHaveBeenCalled();
    expect(store.get(a.id)).toEqual({ ...a, down_rate: 5 });
    expect(store.get(b.id)).toBe(b);
  });

  it('publishes nothing while nobody looks, and once on return', () => {
    const list = vi.fn();
    store.subscribe(list);
    hidden = true;
    store.apply(ev([{ id: a.id, down_rate: 1 }]));
    tick();
    store.apply(ev([{ id: b.id, down_rate: 2 }]));
    tick();
    expect(list).not.toHaveBeenCalled();
    expect(unhide).toHaveLength(1);
    hidden = false;
    for (const fn of unhide) fn();
    expect(list).toHaveBeenCalledTimes(1);
    expect(store.get(b.id)?.down_rate).toBe(2);
  });

  it('takes out before it puts in', () => {
    store.apply(ev([{ ...torrent(1), name: 'again' }], [a.id, b.id]));
    tick();
    expect(store.get(a.id)?.name).toBe('again');
    expect(store.get(b.id)).toBeUndefined();
    expect(store.ids(byName)).toEqual([a.id, c.id]);
  });

  it('passes over a change of what it does not know', () => {
    store.apply(ev([{ id: 'f'.repeat(40), down_rate: 1 }]));
    tick();
    expect(store.size).toBe(3);
  });

  it('keeps rows that a second load does not change', () => {
    const again = torrent(2, { name: 'new', revision: 10 });
    store.load({ items: [{ ...a }, again], counts: null });
    expect(store.get(a.id)).toBe(a);
    expect(store.get(b.id)).toBe(again);
    expect(store.get(c.id)).toBeUndefined();
  });
});

describe('ids', () => {
  it('is the same array until its ids are others', () => {
    const ids = store.ids(byName);
    expect(ids).toEqual([a.id, b.id, c.id]);
    store.apply(ev([{ id: a.id, down_rate: 7 }]));
    tick();
    expect(store.ids(byName)).toBe(ids);
    store.apply(ev([{ id: a.id, name: 'torrent 1!' }]));
    tick();
    expect(store.ids(byName)).toBe(ids);
    store.apply(ev([{ id: a.id, name: 'z' }]));
    tick();
    expect(store.ids(byName)).toEqual([b.id, c.id, a.id]);
  });

  it('does not sort again when no key that it goes by changed', () => {
    store.ids(byName);
    vi.mocked(arrange).mockClear();
    store.apply(ev([{ id: a.id, down_rate: 7 }]));
    tick();
    store.ids(byName);
    expect(arrange).not.toHaveBeenCalled();
    store.apply(ev([{ id: a.id, name: 'q' }]));
    tick();
    store.ids(byName);
    expect(arrange).toHaveBeenCalledTimes(1);
  });

  it('filters', () => {
    store.load({
      items: [torrent(1, { labels: ['x'], tracker: 't1' }), torrent(2, { state: 'seeding', dir: '/other' }), torrent(3, { name: 'Debian ISO', labels: ['x', 'y'] })],
      counts: null,
    });
    const ids = (v: Partial<View>) => store.ids({ ...byName, ...v }).map((id) => Number.parseInt(id, 16));
    expect(ids({ states: ['seeding'] })).toEqual([2]);
    expect(ids({ labels: ['x'] })).toEqual([3, 1]);
    expect(ids({ labels: ['y', ''] })).toEqual([3, 2]);
    expect(ids({ trackers: ['t1'] })).toEqual([1]);
    expect(ids({ dirs: ['/other'] })).toEqual([2]);
    expect(ids({ q: ' iso DEB' })).toEqual([3]);
    expect(ids({ q: 'y' })).toEqual([3]);
    expect(ids({ q: 'nothing' })).toEqual([]);
  });

  it('sorts by several keys, the unknown last, ties by id', () => {
    store.load({ items: [torrent(1, { eta: null }), torrent(2, { eta: 9, name: 'b' }), torrent(3, { eta: 9, name: 'a' }), torrent(4, { eta: 1 })], counts: null });
    const order = (sort: View['sort']) => store.ids({ ...everything, sort }).map((id) => Number.parseInt(id, 16));
    expect(order([{ key: 'eta', desc: false }, { key: 'name', desc: false }])).toEqual([4, 3, 2, 1]);
    expect(order([{ key: 'eta', desc: true }])).toEqual([2, 3, 4, 1]);
    expect(order([{ key: 'size', desc: true }])).toEqual([1, 2, 3, 4]);
    expect(order([{ key: 'added', desc: true }])).toEqual([4, 3, 2, 1]);
  });
});

describe('overlay', () => {
  it('shows at once, and returns what was', () => {
    const undo = store.overlay(a.id, { paused: true });
    expect(store.get(a.id)?.paused).toBe(true);
    undo();
    expect(store.get(a.id)?.paused).toBe(false);
    undo(); // twice is once
    expect(store.get(a.id)?.paused).toBe(false);
  });

  it('gives way to what the daemon says, key by key', () => {
    const undo = store.overlay(a.id, { paused: true, state: 'paused' });
    store.apply(ev([{ id: a.id, state: 'finishing', down_rate: 3 }]));
    tick();
    expect(store.get(a.id)).toMatchObject({ state: 'finishing', paused: true, down_rate: 3 });
    undo();
    expect(store.get(a.id)).toMatchObject({ state: 'finishing', paused: false });
  });

  it('is told to the row only', () => {
    const ofB = vi.fn();
    store.subscribeRow(b.id, ofB);
    store.overlay(a.id, { paused: true });
    expect(ofB).not.toHaveBeenCalled();
  });
});

describe('put', () => {
  it('takes an answer, unless an event was newer', () => {
    store.put(torrent(1, { name: 'answered', revision: 20 }));
    tick();
    expect(store.get(a.id)?.name).toBe('answered');
    store.put(torrent(1, { name: 'late', revision: 19 }));
    tick();
    expect(store.get(a.id)?.name).toBe('answered');
  });
});
