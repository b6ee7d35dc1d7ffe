import { expect, test } from 'vitest';
import { kindOf } from './kinds';

test.each([
  ['a/b.MKV', 'video'],
  ['x.opus', 'audio'],
  ['cover.jpeg', 'picture'],
  ['page.html', undefined], // never shown: it could act in our name
  ['picture.svg', undefined],
  ['mp4', undefined],
  ['', undefined],
])('%s', (path, want) => {
  expect(kindOf(path)).toBe(want);
});
