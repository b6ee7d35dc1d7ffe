import { expect, test } from 'vitest';
import { indexLists } from './ranges';

test.each([
  [[], []],
  [[4], ['4']],
  [[0, 1, 2], ['0-2']],
  [[5, 3, 0, 4], ['0,3-5']],
  [[1, 1, 2], ['1-2']],
])('%j is %j', (indices, want) => {
  expect(indexLists(indices)).toEqual(want);
});

test('a long list is cut, and loses nothing', () => {
  const odd = Array.from({ length: 500 }, (_, i) => 2 * i + 1);
  const lists = indexLists(odd, 100);
  expect(lists.length).toBeGreaterThan(1);
  expect(Math.max(...lists.map((l) => l.length))).toBeLessThanOrEqual(100);
  expect(lists.join(',').split(',').map(Number)).toEqual(odd);
});
