import { expect, test } from 'vitest';
import { natural } from './order';

test('names are ordered as people do', () => {
  const want = ['01 a.flac', '2 b.flac', '10 c.flac', 'a', 'A1', 'a2', 'a10', 'b', 'ba'];
  expect([...want].reverse().sort(natural)).toEqual(want);
});

test('it is an order', () => {
  const names = ['a1', 'a01', 'A1', 'a', '', '1', '01', '001x', '1x', 'é', 'a1b2', 'a1b10'];
  for (const a of names) {
    for (const b of names) {
      expect(Math.sign(natural(a, b)), `${a} ${b}`).toBe(Math.sign(natural(b, a)) * -1 || 0);
      expect(natural(a, b) === 0, `${a} ${b}`).toBe(a === b);
    }
  }
});
