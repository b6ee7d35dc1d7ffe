import { describe, expect, test } from 'vitest';
import { bit, fromBase64, withBits } from './bits';
import { applyPieces, bucketAt, bucketsOf, piecesOf, type Pieces } from './model';

const base64 = (...bytes: number[]): string => btoa(String.fromCharCode(...bytes));

describe('bitfields', () => {
  test('the first piece is the highest bit', () => {
    const f = fromBase64(base64(0b1000_0001, 0b0100_0000));
    expect([0, 1, 7, 8, 9, 16, 99].map((p) => bit(f, p))).toEqual([1, 0, 1, 0, 1, 0, 0]);
  });
  test('nonsense is empty', () => {
    expect(fromBase64('not base64!')).toHaveLength(0);
    expect(fromBase64(undefined)).toHaveLength(0);
  });
  test('bits beyond the end are passed over', () => {
    expect([...withBits(new Uint8Array([0x80]), [1, 9, 10, -1], 10)]).toEqual([0xc0, 0x40]);
  });
});

describe('events', () => {
  const first = applyPieces(undefined, { id: 'x', count: 10, have: base64(0x80, 0), unwanted: base64(0, 0x40), partial: [{ piece: 3, blocks: 4, got: 1 }], availability: [{ length: 10, peers: 2 }] });
  test('the first has all', () => {
    expect(bit(first.have, 0)).toBe(1);
    expect(bit(first.unwanted, 9)).toBe(1);
    expect(first.partial).toHaveLength(1);
  });
  test('what is absent stays', () => {
    const next = applyPieces(first, { id: 'x', count: 10, got: [3, 4], partial: [] });
    expect([0, 3, 4, 5].map((p) => bit(next.have, p))).toEqual([1, 1, 1, 0]);
    expect(next.partial).toHaveLength(0);
    expect(next.availability).toBe(first.availability);
    expect(bit(first.have, 3)).toBe(0);
  });
  test('none being fetched may be a null', () => {
    expect(applyPieces(first, { id: 'x', count: 10, partial: null as unknown as [] }).partial).toHaveLength(0);
  });
  test('lost pieces come as a whole bitfield', () => {
    expect(bit(applyPieces(first, { id: 'x', count: 10, have: base64(0, 0) }).have, 0)).toBe(0);
  });
  test('another count is another torrent', () => {
    expect(applyPieces(first, { id: 'x', count: 20, got: [19] }).availability).toHaveLength(0);
  });
});

describe('bucketsOf', () => {
  const p: Pieces = piecesOf({
    count: 10,
    have: base64(0b1110_0000, 0),
    unwanted: base64(0, 0b1100_0000),
    partial: [{ piece: 3, blocks: 4, got: 1 }, { piece: 4, blocks: 4, got: 0 }],
    availability: [{ length: 4, peers: 3 }, { length: 0, peers: 9 }, { length: 4, peers: 1 }],
  });
  test('one by one', () => {
    const b = bucketsOf(p, 100);
    expect(b).toHaveLength(10);
    expect(b.map((x) => x.done)).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    expect(b.map((x) => x.availability)).toEqual([3, 3, 3, 3, 1, 1, 1, 1, 0, 0]);
    expect(b.map((x) => x.partial)).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  });
  test('summed up', () => {
    const b = bucketsOf(p, 3);
    expect(b.map((x) => [x.first, x.pieces])).toEqual([[0, 3], [3, 3], [6, 4]]);
    expect(b.map((x) => x.done)).toEqual([1, 0, 0]);
    expect(b.map((x) => x.unwanted)).toEqual([0, 0, 0.5]);
    expect(b.map((x) => x.availability)).toEqual([3, 1, 0]);
  });
  test('nothing', () => {
    expect(bucketsOf(piecesOf({ count: 0 }), 10)).toEqual([]);
  });
  test.each([[10, 3], [7, 7], [1000, 13], [5, 2]])('each of %i pieces is in its one of %i buckets', (count, n) => {
    const all = bucketsOf(piecesOf({ count }), n);
    for (let piece = 0; piece < count; piece++) {
      const b = all[bucketAt(piece, count, n)];
      expect(b && piece >= b.first && piece < b.first + b.pieces, `piece ${piece}`).toBe(true);
    }
  });
});
