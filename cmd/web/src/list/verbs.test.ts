import { describe, expect, it } from 'vitest';
import { places, spaceVerb, verbsFor, type Place } from './verbs';

const running = { state: 'downloading' as const, paused: false, queue: null };
const paused = { state: 'paused' as const, paused: true, queue: null };
const failed = { state: 'failed' as const, paused: false, queue: null };
const queued = { state: 'queued' as const, paused: false, queue: 2 };

describe('verbsFor', () => {
  it('offers what at least one can take', () => {
    expect(verbsFor([running])).not.toContain('start');
    expect(verbsFor([running])).toContain('pause');
    expect(verbsFor([paused])).not.toContain('pause');
    expect([...verbsFor([paused, running])]).toEqual(expect.arrayContaining(['start', 'pause']));
    expect(verbsFor([failed])).toContain('start');
    expect(verbsFor([])).toEqual(new Set());
  });

  it('offers the line to those that stand in it', () => {
    expect(verbsFor([running])).not.toContain('up');
    expect(verbsFor([queued])).toContain('up');
    expect(verbsFor([queued])).toContain('start_now');
  });

  it('does not announce what is paused', () => {
    expect(verbsFor([paused])).not.toContain('announce');
    expect(verbsFor([paused, running])).toContain('announce');
  });
});

it('the space bar pauses if anything runs', () => {
  expect(spaceVerb([paused, running])).toBe('pause');
  expect(spaceVerb([paused, failed])).toBe('start');
  expect(spaceVerb([])).toBeNull();
});

/** What the daemon does with a step: takes it out, and puts it in at the place. */
function apply(line: string[], steps: Place[]): string {
  for (const { id, place } of steps) {
    line = line.filter((x) => x !== id);
    line.splice(place, 0, id);
  }
  return line.join('');
}

describe('places', () => {
  const line = [...'abcdef'];
  const rows = (ids: string) => [...ids].map((id) => ({ id, queue: line.indexOf(id) }));
  it.each([
    ['top', 'de', 'deabcf'],
    ['up', 'de', 'abdecf'],
    ['up', 'ab', 'abcdef'],
    ['up', 'ac', 'acbdef'],
    ['down', 'ab', 'cabdef'],
    ['down', 'ef', 'abcdef'],
    ['bottom', 'ca', 'bdefac'],
    ['top', 'e', 'eabcdf'],
  ] as const)('%s of %s makes %s', (to, who, want) => {
    expect(apply(line, places(rows(who), to, line.length))).toBe(want);
  });

  it('leaves those alone that do not wait', () => {
    expect(places([{ id: 'x', queue: null }], 'top', 6)).toEqual([]);
  });
});
