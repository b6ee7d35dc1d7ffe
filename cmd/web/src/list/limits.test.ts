import { describe, expect, it } from 'vitest';
import { limitSource, parseRate, rateText } from './limits';

const knob = <T>(value: T) => ({ value, from: 'api' as const, fixed: false });
const settings = (max_down: number, until: string | null = null) => ({
  max_down: knob(max_down),
  max_up: knob(0),
  schedule: knob([]),
  override: knob(until === null ? null : { max_down: 1, max_up: 1, until }),
});
const now = Date.parse('2026-01-01T12:00:00Z');

describe('limitSource', () => {
  it.each([
    [settings(0), { max_down: 0, max_up: 0 }, 'none'],
    [settings(10), { max_down: 10, max_up: 0 }, 'always'],
    [settings(0), { max_down: 10, max_up: 0 }, 'schedule'],
    [settings(10), { max_down: 0, max_up: 0 }, 'schedule'],
    [settings(0, '2026-01-01T13:00:00Z'), { max_down: 1, max_up: 1 }, 'override'],
    [settings(0, '2026-01-01T11:00:00Z'), { max_down: 0, max_up: 0 }, 'none'],
  ])('%o with %o is %s', (s, hold, want) => {
    expect(limitSource(s, hold, now)).toBe(want);
  });
});

describe('parseRate', () => {
  it.each([
    ['', 0],
    ['0', 0],
    ['500', 512000],
    ['500 KiB/s', 512000],
    ['1,5m', 1572864],
    ['2 MB', 2000000],
    ['1GiB', 1073741824],
    ['10 b', 10],
    ['-1', null],
    ['fast', null],
    ['m', null],
    ['1e9', null],
    ['99999999 G', null],
    ['5 kbit', null],
  ])('reads %j as %j', (text, want) => {
    expect(parseRate(text)).toBe(want);
  });

  it.each([0, 1, 1000, 1024, 512000, 1572864, 1 << 20, 2e6, 123456789])('reads what rateText wrote: %i', (n) => {
    expect(parseRate(rateText(n))).toBe(n);
  });
});
