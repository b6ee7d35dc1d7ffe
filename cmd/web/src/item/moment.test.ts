import { expect, test } from 'vitest';
import { moment } from './moment';

test.each([
  [40_000, 'in 40 s'],
  [-180_000, '3 m ago'],
  [400, 'now'],
  [NaN, '–'],
])('%d ms from now', (by, want) => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(moment(now + by, now)).toBe(want);
});
