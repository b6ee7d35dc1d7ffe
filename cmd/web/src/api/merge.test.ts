import { expect, it } from 'vitest';
import { mergeEntries } from './merge';

interface Entry {
  k: string;
  n?: number;
  m?: number;
}
const key = (e: Partial<Entry>) => e.k ?? '';
const was: Entry[] = [
  { k: 'a', n: 1 },
  { k: 'b', n: 2, m: 3 },
];

it('lays changed keys over entries, and keeps the others', () => {
  const got = mergeEntries(was, { id: '', entries: [{ k: 'b', n: 9 }], removed: [] }, key, false);
  expect(got).toEqual([
    { k: 'a', n: 1 },
    { k: 'b', n: 9, m: 3 },
  ]);
  expect(got[0]).toBe(was[0]);
});

it('takes out before it puts in', () => {
  expect(mergeEntries(was, { id: '', entries: [{ k: 'a', n: 5 }], removed: ['a', 'b'] }, key, false)).toEqual([{ k: 'a', n: 5 }]);
});

it('has nothing else when it is whole', () => {
  expect(mergeEntries(was, { id: '', entries: [{ k: 'c' }], removed: [] }, key, true)).toEqual([{ k: 'c' }]);
  expect(mergeEntries(undefined, { id: '', entries: [{ k: 'c' }], removed: [] }, key, false)).toEqual([{ k: 'c' }]);
});
