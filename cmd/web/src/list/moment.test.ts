import { expect, it } from 'vitest';
import { moment } from './moment';

const now = new Date(2026, 5, 15, 12, 0).getTime();

it.each([
  [new Date(2026, 5, 15, 9, 5), /9:05/],
  [new Date(2026, 5, 14, 23, 59), /^Jun 14$/],
  [new Date(2025, 5, 15, 12, 0), /2025/],
])('%s is told as %s', (d, want) => {
  expect(moment(d.toISOString(), now)).toMatch(want);
});

it('of nonsense is nothing', () => {
  expect(moment('soon', now)).toBe('');
});
