import { describe, expect, test } from 'vitest';
import { file } from '../testing';
import type { Bucket } from '../../api/types';
import { filesIn, nameOf, stateOf, stretches, summary, whoHas } from './twin';

const bucket = (first: number, is: Partial<Bucket> = {}): Bucket => ({ first, pieces: 1, done: 0, unwanted: 0, partial: 0, availability: 1, ...is });

describe('summary', () => {
  test('all kinds', () => {
    const lines = summary([bucket(0, { done: 1 }), bucket(1, { partial: 1 }), bucket(2, { unwanted: 1 }), bucket(3, { availability: 0 })], 4, 3);
    expect(lines).toEqual([
      expect.stringMatching(/^1 of 4 pieces are here \(25/),
      '1 is being fetched.',
      '1 are in no file that is wanted.',
      '1 missing pieces are with none of the connected peers.',
    ]);
  });
  test('the rarest', () => {
    expect(summary([bucket(0, { availability: 2 }), bucket(1, { availability: 5 })], 2, 6).at(-1)).toBe('The rarest missing piece is with 2 of 6 connected peers.');
  });
  test('complete', () => {
    expect(summary([bucket(0, { done: 1, availability: 0 })], 1, 4)).toHaveLength(1);
  });
});

test.each([
  [bucket(3, { done: 1 }), 'Piece 3', 'here'],
  [bucket(3, { partial: 1 }), 'Piece 3', 'being fetched'],
  [bucket(3, { unwanted: 1 }), 'Piece 3', 'not wanted'],
  [bucket(3), 'Piece 3', 'wanted'],
  [bucket(10, { pieces: 5, done: 0.5 }), 'Pieces 10 to 14', expect.stringMatching(/^50.0.?% here$/)],
  [bucket(10, { pieces: 5, partial: 2 }), 'Pieces 10 to 14', expect.stringMatching(/^0.0.?% here, 2 being fetched$/)],
])('a cell is named', (b, name, state) => {
  expect(nameOf(b)).toBe(name);
  expect(stateOf(b)).toEqual(state);
});

test('who has it', () => {
  expect(whoHas(bucket(0), 4)).toBe('1 of 4 peers has it');
  expect(whoHas(bucket(0, { availability: 0 }), 4)).toBe('none of 4 peers have it');
  expect(whoHas(bucket(0, { pieces: 9 }), 0)).toBe('no peer is connected');
});

describe('filesIn', () => {
  const files = [file(0, 'a', { first_piece: 0, last_piece: 4 }), ...[1, 2, 3, 4].map((i) => file(i, `small${i}`, { first_piece: 4, last_piece: 4 })), file(5, 'z', { first_piece: 5, last_piece: 9 })];
  test.each([
    [0, 1, ['a'], 0],
    [4, 1, ['a', 'small1', 'small2'], 2],
    [5, 1, ['z'], 0],
    [3, 3, ['a', 'small1', 'small2'], 3],
    [10, 1, [], 0],
  ])('pieces from %i, %i of them', (first, pieces, paths, more) => {
    expect(filesIn(files, bucket(first, { pieces }))).toEqual({ paths, more });
  });
});

test('neighbours that are alike are one row', () => {
  const all = [bucket(0, { done: 1 }), bucket(1, { done: 1, availability: 5 }), bucket(2), bucket(3), bucket(4, { done: 1 })];
  expect(stretches(all, 'state', 2)).toEqual({ rows: [{ first: 0, last: 1, state: 'here', least: 1 }, { first: 2, last: 3, state: 'wanted', least: 1 }], more: 1 });
  expect(stretches(all, 'availability', 9).rows).toHaveLength(4);
});
