import { describe, expect, it, vi } from 'vitest';
import { ApiProblem } from '../api/problem';
import type { Preview } from '../api/types';
import { torrent } from '../testing/torrent';
import { Batch, bodyOf, mostItems, sizes, wantedOf, type BatchIO, type Item, type Options } from './batch';

const hash = (n: number) => n.toString(16).padStart(40, '0');
const usual: Options = { dir: '', labels: [], begin: 'turn', sequential: false };

const preview = (n: number, change: Partial<Preview> = {}): Preview => ({
  torrent: torrent(n, { size: 30 }),
  files: [10, 20].map((length, index) => ({ index, path: `f${index}`, length, verified: 0, priority: 'normal', first_piece: 0, last_piece: 0, complete: false })),
  existing: false,
  need: 30,
  free: 1000,
  ...change,
});

function setUp(change: Partial<BatchIO> = {}) {
  let keys = 0;
  const io: BatchIO = {
    look: vi.fn((i: Item) => Promise.resolve(preview(Number.parseInt(i.source ?? '0', 16)))),
    add: vi.fn((i: Item) => Promise.resolve({ torrent: torrent(Number.parseInt(i.source ?? '0', 16)), existing: false })),
    first: vi.fn(() => Promise.resolve()),
    newKey: () => `key ${keys++}`,
    limit: () => 100,
    ...change,
  };
  return { io, batch: new Batch(io) };
}

const phases = (b: Batch) => b.items.get().map((i) => i.phase);
const settled = (b: Batch) => vi.waitFor(() => expect(phases(b).some((p) => p === 'waiting' || p === 'looking' || p === 'adding')).toBe(false));

describe('Batch', () => {
  it('looks before it adds, and adds in order', async () => {
    const { io, batch } = setUp();
    expect(batch.offerText([3, 1, 2].map(hash).join(' ')).sources).toHaveLength(3);
    await settled(batch);
    expect(phases(batch)).toEqual(['ready', 'ready', 'ready']);
    expect(io.add).not.toHaveBeenCalled();
    const out = await batch.addAll(usual);
    expect(out.added.map((t) => t.id)).toEqual([3, 1, 2].map(hash));
    expect(phases(batch)).toEqual(['added', 'added', 'added']);
  });

  it('looks into a few at a time', async () => {
    let now = 0;
    let most = 0;
    const { batch } = setUp({
      async look() {
        most = Math.max(most, ++now);
        await Promise.resolve();
        now--;
        return preview(1);
      },
    });
    batch.offerText(Array.from({ length: 10 }, (_, i) => hash(i)).join(' '));
    await settled(batch);
    expect(most).toBe(3);
  });

  it('takes a source once', async () => {
    const { batch } = setUp();
    batch.offerText(hash(1));
    batch.offerText(`${hash(1)} ${hash(2)}`);
    await settled(batch);
    expect(batch.items.get()).toHaveLength(2);
  });

  it('leaves alone what is there', async () => {
    const { io, batch } = setUp({ look: () => Promise.resolve(preview(1, { existing: true })) });
    batch.offerText(hash(1));
    await settled(batch);
    expect(phases(batch)).toEqual(['existing']);
    expect((await batch.addAll(usual)).existing).toHaveLength(1);
    expect(io.add).not.toHaveBeenCalled();
  });

  it('hears from the answer that it was there', async () => {
    const { batch } = setUp({ add: () => Promise.resolve({ torrent: torrent(1), existing: true }) });
    batch.offerText(hash(1));
    await settled(batch);
    const out = await batch.addAll(usual);
    expect([out.added.length, out.existing.length]).toEqual([0, 1]);
  });

  it('adds links whose contents nobody knows', async () => {
    const { io, batch } = setUp({ look: () => Promise.reject(new ApiProblem({ status: 504, code: 'no_metadata' })) });
    batch.offerText(hash(1));
    await settled(batch);
    expect(phases(batch)).toEqual(['ready']);
    expect((await batch.addAll(usual)).added).toHaveLength(1);
    expect(io.add).toHaveBeenCalledTimes(1);
  });

  it('ends looking when it adds', async () => {
    const signals: AbortSignal[] = [];
    const { io, batch } = setUp({
      look: (_, signal) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    batch.offerText(hash(1));
    await batch.addAll(usual);
    expect(signals[0]?.aborted).toBe(true);
    expect(io.add).toHaveBeenCalledTimes(1);
  });

  it('tries what was refused once more, with the same key', async () => {
    const add = vi.fn<BatchIO['add']>().mockRejectedValueOnce(new ApiProblem({ status: 507, code: 'no_space' }));
    add.mockResolvedValue({ torrent: torrent(1), existing: false });
    const { batch } = setUp({ add });
    batch.offerText(`${hash(1)} ${hash(2)}`);
    await settled(batch);
    expect((await batch.addAll(usual)).refused).toHaveLength(1);
    expect(phases(batch)).toEqual(['refused', 'added']);
    await batch.addAll(usual);
    expect(add.mock.calls.map(([i]) => i.key)).toEqual(['key 0', 'key 1', 'key 0']);
  });

  it('does not send what is too large or no torrent', async () => {
    const { io, batch } = setUp({ look: () => Promise.reject(new ApiProblem({ status: 422, code: 'malformed' })) });
    batch.offerFiles([new File(['x'.repeat(101)], 'large.torrent'), new File(['x'], 'odd.torrent')]);
    await settled(batch);
    expect(batch.items.get().map((i) => i.problem?.status)).toEqual([413, 422]);
    await batch.addAll(usual);
    expect(io.add).not.toHaveBeenCalled();
  });

  it('puts torrents first in the queue, in their order', async () => {
    const { io, batch } = setUp();
    batch.offerText(`${hash(1)} ${hash(2)}`);
    await settled(batch);
    await batch.addAll({ ...usual, begin: 'first' });
    expect(io.first).toHaveBeenCalledWith([hash(1), hash(2)]);
  });

  it('is bounded', () => {
    const { batch } = setUp();
    expect(batch.offerFiles(Array.from({ length: mostItems }, () => new File([], 'a.torrent')))).toBe(true);
    expect(batch.offerFiles([new File([], 'b.torrent')])).toBe(false);
    expect(batch.items.get()).toHaveLength(mostItems);
  });

  it('forgets what is left out, whatever is answered later', async () => {
    let answer: (p: Preview) => void = () => undefined;
    const { batch } = setUp({ look: () => new Promise((done) => (answer = done)) });
    batch.offerText(hash(1));
    batch.drop('key 0');
    answer(preview(1));
    await Promise.resolve();
    expect(batch.items.get()).toEqual([]);
  });
});

describe('what is sent and said', () => {
  const item: Item = { key: 'k', kind: 'file', label: 'x', phase: 'ready', preview: preview(1), skipped: new Set() };

  it('leaves out what is the choice of the daemon', () => {
    expect(bodyOf(item, usual)).toEqual({});
    expect(bodyOf({ ...item, skipped: new Set([1]) }, { dir: '/d', labels: ['a'], begin: 'paused', sequential: true })).toEqual({
      dir: '/d',
      labels: ['a'],
      paused: true,
      sequential: true,
      priorities: [{ files: '1', priority: 'skip' }],
    });
    expect(bodyOf(item, { ...usual, begin: 'now' })).toEqual({ start: true });
  });

  it('counts what will be downloaded', () => {
    expect(wantedOf({ ...item, skipped: new Set([1]) })).toBe(10);
    const all: Item[] = [item, { ...item, preview: undefined }, { ...item, phase: 'existing' }, { ...item, phase: 'refused', problem: new ApiProblem({ status: 413 }) }];
    expect(sizes(all)).toEqual({ torrents: 2, bytes: 30, unknown: 1 });
  });
});
