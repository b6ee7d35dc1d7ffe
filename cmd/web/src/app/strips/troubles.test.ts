import { describe, expect, it } from 'vitest';
import type { Stats } from '../../api/types';
import { troublesOf, type Wish } from './troubles';

const GiB = 2 ** 30;
const well = { ready: '', reachable: null, port: 6881, disks: [{ dir: '/data', free: 50 * GiB, total: 100 * GiB }] };
const stats = (change: Partial<Stats> = {}) => ({ ...well, ...change }) as Stats;
const disk = (free: number | null, dir = '/data') => ({ disks: [{ dir, free, total: 100 * GiB }] });
const wish = (left: number, change: Partial<Wish> = {}): Wish => ({ dir: '/data', state: 'downloading', code: '', left, ...change });
const failed = { state: 'failed', code: 'no_space' };

describe('troublesOf', () => {
  it.each<[string, Partial<Stats>, Wish[], string[]]>([
    ['nothing is wrong', {}, [], []],
    ['little room, and nobody wants it', disk(GiB / 64), [], []],
    ['more is wanted than there is, and it goes on', disk(5 * GiB), [wish(9 * GiB)], []],
    ['something failed for want of room', disk(5 * GiB), [wish(9 * GiB, failed)], ['full']],
    ['it failed, and there is room now', disk(20 * GiB), [wish(9 * GiB, failed)], []],
    ['no room for the next pieces', disk(GiB / 64), [wish(1)], ['full']],
    ['no room at all', disk(0), [], ['full']],
    ['what is paused wants nothing', disk(GiB / 64), [wish(GiB, { state: 'paused' })], []],
    ['another disk is wanted', disk(GiB / 64), [wish(GiB, { dir: '/database' })], []],
    ['a folder of the disk', disk(GiB / 64), [wish(GiB, { dir: '/data/isos' })], ['full']],
    ['a root that is away', disk(null), [wish(1)], ['away']],
    ['a root that nobody needs is away', disk(null), [], []],
    ['state cannot be written', { ready: 'no space left' }, [], ['unwritable']],
    ['nobody connects', { reachable: false }, [], ['unreachable']],
    ['nobody has connected yet', { reachable: null }, [], []],
    ['no port, as somebody wanted it', { port: 0, reachable: false }, [], []],
  ])('%s', (_, change, wishes, want) => {
    expect(troublesOf(stats(change), wishes).map((t) => t.kind)).toEqual(want);
  });

  it('says how much is wanted of which disk', () => {
    const disks = [
      { dir: '/data', free: GiB, total: 100 * GiB },
      { dir: '/data/films', free: 0, total: 100 * GiB },
    ];
    const wishes = [wish(3 * GiB, failed), wish(2 * GiB), wish(7 * GiB, { dir: '/data/films/new' })];
    expect(troublesOf(stats({ disks }), wishes)).toEqual([
      { kind: 'full', dir: '/data', free: GiB, need: 5 * GiB },
      { kind: 'full', dir: '/data/films', free: 0, need: 7 * GiB },
    ]);
  });
});
