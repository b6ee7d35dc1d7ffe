import { describe, expect, it } from 'vitest';
import type { Settings } from '../../api/types';
import { reach, rooms } from './facts';

const at = (dir: string) => ({ dir: { value: dir } }) as unknown as Settings;
const GiB = 2 ** 30;

describe('rooms', () => {
  it('has the disk of the default folder first', () => {
    const disks = [
      { dir: '/a', free: 50 * GiB, total: 100 * GiB },
      { dir: '/data', free: 50 * GiB, total: 100 * GiB },
    ];
    expect(rooms(disks, at('/data/new')).map((r) => r.dir)).toEqual(['/data', '/a']);
    expect(rooms(disks, at('/database')).map((r) => r.dir)).toEqual(['/a', '/data']);
  });

  it.each([
    [50 * GiB, 100 * GiB, false],
    [4 * GiB, 100 * GiB, true],
    [GiB - 1, GiB, true],
    [2 * GiB, null, false],
    [null, null, false],
  ])('%d of %d free is low: %s', (free, total, low) => {
    expect(rooms([{ dir: '/', free, total }], undefined)[0]?.low).toBe(low);
  });
});

describe('reach', () => {
  it.each([
    [{ reachable: true, port: 6881, external: '' }, 'good'],
    [{ reachable: false, port: 6881, external: '' }, 'bad'],
    [{ reachable: null, port: 6881, external: '' }, 'unsure'],
    [{ reachable: true, port: 0, external: '' }, 'bad'],
  ] as const)('of %o is %s', (s, mood) => {
    expect(reach(s).mood).toBe(mood);
  });

  it('names the address', () => {
    expect(reach({ reachable: false, port: 6881, external: '192.0.2.1' }).detail).toContain('192.0.2.1, port 6881');
  });
});
