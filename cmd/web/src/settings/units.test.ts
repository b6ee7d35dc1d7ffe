import { expect, test } from 'vitest';
import { readSpan, writeSpan } from './units';

test.each<[string, number | undefined]>([
  ['', 0], ['45', 2700], ['90m', 5400], ['2 d 4 h', 187_200], ['1w', 604_800], ['x', undefined], ['1y', undefined], ['99999999999', undefined],
])('span %j', (text, want) => { expect(readSpan(text)).toBe(want); });

test.each([0, 1, 59, 3600, 90_061, 604_800 * 3 + 5])('span %d comes back', (n) => { expect(readSpan(writeSpan(n))).toBe(n); });
