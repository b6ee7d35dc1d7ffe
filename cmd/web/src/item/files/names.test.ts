import { expect, test } from 'vitest';
import { badName } from './names';

test.each(['a', 'ä'.repeat(127), ' x', '...', 'con'])('%j is taken', (text) => {
  expect(badName(text)).toBe('');
});
test.each(['', ' ', '.', '..', 'a/b', 'a\\b', 'a\0b', 'ä'.repeat(128)])('%j is not', (text) => {
  expect(badName(text)).not.toBe('');
});
