import { expect, test } from 'vitest';
import { tracker } from '../testing';
import { allFailed } from './trouble';

test('only if all have failed', () => {
  const bad = tracker('http://a/', { state: 'failed', error: 'connection refused' });
  expect(allFailed(undefined)).toBeUndefined();
  expect(allFailed([])).toBeUndefined();
  expect(allFailed([bad, tracker('http://b/')])).toBeUndefined();
  expect(allFailed([tracker('http://b/', { state: 'failed' }), bad])).toBe('connection refused');
});
