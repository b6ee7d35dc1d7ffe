import { describe, expect, test } from 'vitest';
import { readRatio, readSpan, spanToText } from './amount';

describe('spans', () => {
  test.each([
    ['90', 5400], ['90 min', 5400], ['2h', 7200], ['1 d 12 h', 129_600], ['1w', 604_800], ['30s', 30], ['1.5h', 5400], ['0', 0],
    ['', undefined], ['soon', undefined], ['1 h 5', undefined], ['9999999 w', undefined], ['-5 min', undefined],
  ])('%j is %j', (text, want) => {
    expect(readSpan(text)).toBe(want);
  });
  test.each([0, 1, 60, 3599, 90_061, 3_155_760_000])('%i comes back', (n) => {
    expect(readSpan(spanToText(n))).toBe(n);
  });
});

test.each([['2', 2], ['1,5', 1.5], ['0', 0], ['', undefined], ['x', undefined], ['1000001', undefined], ['-1', undefined]])('ratio %j is %j', (text, want) => {
  expect(readRatio(text)).toBe(want);
});
