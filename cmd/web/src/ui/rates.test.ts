import { describe, expect, it } from 'vitest';
import { parseRate, rateText } from './rates';

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
    ['5 kbit', 625],
    ['10 Mbit/s', 1_250_000],
    ['none', 0],
    ['5 furl', null],
  ])('reads %j as %j', (text, want) => {
    expect(parseRate(text)).toBe(want);
  });

  it.each([0, 1, 1000, 1024, 512000, 1572864, 1 << 20, 2e6, 123456789])('reads what rateText wrote: %i', (n) => {
    expect(parseRate(rateText(n))).toBe(n);
  });
});
