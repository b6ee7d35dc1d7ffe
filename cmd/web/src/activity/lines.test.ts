import { expect, test } from 'vitest';
import type { Log } from '../api/types';
import { add, mostLines, shown } from './lines';

const line = (seq: number, level: Log['level'] = 'info', text = `line ${seq}`): Log => ({ seq, level, text, time: '2026-01-01T00:00:00Z' });

test('each line once, in order, and no more than are kept', () => {
  const some = add([], [line(2), line(1)]);
  expect(some.map((l) => l.seq)).toEqual([1, 2]);
  expect(add(some, [line(1), line(2)])).toBe(some);
  expect(add(some, [line(2), line(3)]).map((l) => l.seq)).toEqual([1, 2, 3]);
  const many = add(some, Array.from({ length: mostLines + 5 }, (_, i) => line(i + 3)));
  expect(many.length).toBe(mostLines);
  expect(many.at(-1)?.seq).toBe(mostLines + 7);
});

test('level and words', () => {
  const all = [line(1, 'error', 'Disk full'), line(2, 'info', 'film: completed'), line(3, 'debug', 'disk read')];
  const seqs = (level: 'error' | 'info' | 'debug', q = '') => shown(all, level, q).map((l) => l.seq);
  expect(seqs('debug')).toEqual([1, 2, 3]);
  expect(seqs('info')).toEqual([1, 2]);
  expect(seqs('error')).toEqual([1]);
  expect(seqs('debug', 'DISK')).toEqual([1, 3]);
  expect(seqs('debug', 'full disk')).toEqual([1]);
  expect(seqs('debug', 'nothing')).toEqual([]);
});
