import { expect, test } from 'vitest';
import { readRate, readSpan, writeRate, writeSpan } from './units';

test.each<[string, number | undefined]>([
  ['', 0], ['none', 0], ['0', 0], ['5', 5 * 2 ** 20], ['1,5', 1.5 * 2 ** 20], ['500K', 500 * 1024], ['500 KiB/s', 500 * 1024], ['2 GB', 2 * 2 ** 30],
  ['10 Mbit', 1_250_000], ['10mbit/s', 1_250_000], ['123 B/s', 123],
  ['-1', undefined], ['5 furlongs', undefined], ['1e9', undefined], ['9999999 G', undefined],
])('rate %j', (text, want) => { expect(readRate(text)).toBe(want); });

test.each([0, 1, 1023, 1024, 1_250_000, 5 * 2 ** 20, 2 ** 20 + 1, 7 * 2 ** 30, 999_999_999_999])('rate %d comes back', (n) => {
  expect(readRate(writeRate(n))).toBe(n);
});

test.each<[string, number | undefined]>([
  ['', 0], ['45', 2700], ['90m', 5400], ['2 d 4 h', 187_200], ['1w', 604_800], ['x', undefined], ['1y', undefined], ['99999999999', undefined],
])('span %j', (text, want) => { expect(readSpan(text)).toBe(want); });

test.each([0, 1, 59, 3600, 90_061, 604_800 * 3 + 5])('span %d comes back', (n) => { expect(readSpan(writeSpan(n))).toBe(n); });
