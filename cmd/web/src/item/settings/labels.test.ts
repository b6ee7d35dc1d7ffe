import { expect, test } from 'vitest';
import { readLabels, withLabels } from './labels';

test.each([
  ['', []],
  [' linux , iso,, linux', ['linux', 'iso']],
  ['x'.repeat(200), ['x'.repeat(100)]],
])('%j', (text, want) => {
  expect(readLabels(text)).toEqual(want);
});

test('labels are added once, and not without end', () => {
  expect(withLabels(['a'], 'b,a')).toEqual(['a', 'b']);
  expect(withLabels([], Array.from({ length: 99 }, (_, i) => `l${i}`).join())).toHaveLength(64);
});
