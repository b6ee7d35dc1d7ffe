import { describe, expect, test, vi } from 'vitest';
import type { Bucket } from '../../api/types';
import { cellAt, cellsFor, layOut, step } from './layout';
import { codesOf, kindOfCode, paint, type Palette } from './paint';

const bucket = (is: Partial<Bucket>): Bucket => ({ first: 0, pieces: 1, done: 0, unwanted: 0, partial: 0, availability: 1, ...is });

describe('layout', () => {
  test('few pieces are large cells, many are small, too many are summed up', () => {
    expect(layOut(10, 600, 300).pitch).toBe(18);
    expect(layOut(2_000, 600, 300).pitch).toBeLessThan(18);
    expect(cellsFor(1_000, 600, 300)).toBe(1_000);
    expect(cellsFor(2_000_000, 600, 300)).toBe(85 * 42);
    expect(cellsFor(2_000_000, 3840, 420)).toBe(10_000); // more are refused
  });
  test.each([[1, 320, 200], [3570, 600, 300], [85, 600, 300], [5, 3, 3]])('%i cells fit in %i x %i', (n, w, h) => {
    const l = layOut(cellsFor(n, w, h), w, h);
    expect(l.columns * l.rows).toBeGreaterThanOrEqual(l.cells);
    expect((l.rows - 1) * l.columns).toBeLessThan(l.cells);
  });
  test('points and cells', () => {
    const l = layOut(100, 180, 1000); // ten columns of 18
    expect(l.columns).toBe(10);
    expect(cellAt(l, 0, 0)).toBe(0);
    expect(cellAt(l, 19, 18.5)).toBe(11);
    expect(cellAt(l, 179.9, 179)).toBe(99);
    expect(cellAt(l, 181, 0)).toBeUndefined();
    expect(cellAt(l, -1, 0)).toBeUndefined();
    expect(cellAt(l, 0, 500)).toBeUndefined();
  });
  test.each([
    ['ArrowRight', 5, 6], ['ArrowLeft', 0, 0], ['ArrowDown', 5, 15], ['ArrowUp', 5, 0], ['End', 5, 99], ['Home', 5, 0], ['PageDown', 95, 99], ['x', 5, undefined],
  ])('%s from %i', (key, from, to) => {
    expect(step(layOut(100, 180, 1000), from, key)).toBe(to);
  });
});

describe('colours', () => {
  const kindsOf = (view: 'state' | 'availability', ...b: Bucket[]): string[] => [...codesOf(b, view)].map(kindOfCode);
  test('by state', () => {
    expect(kindsOf('state', bucket({ done: 1 }), bucket({ partial: 1 }), bucket({ unwanted: 1 }), bucket({}), bucket({ availability: 0 }), bucket({ done: 0.5 }))).toEqual([
      'have', 'partial', 'unwanted', 'wanted', 'nobody', 'have',
    ]);
  });
  test('by availability', () => {
    expect(kindsOf('availability', bucket({ availability: 3 }), bucket({ availability: 0 }), bucket({ availability: 0, done: 1 }))).toEqual(['peers', 'nobody', 'unwanted']);
  });
  test('a whole bucket differs from one that is nearly whole', () => {
    const [a, b] = codesOf([bucket({ done: 1 }), bucket({ done: 0.999 })], 'state');
    expect(a).not.toBe(b);
  });
});

describe('paint', () => {
  const palette = Object.fromEntries([...['have', 'partial', 'wanted', 'unwanted', 'nobody', 'peers', 'ground'].map((k) => [k, k])]) as unknown as Palette;
  const canvas = () => ({ fillRect: vi.fn(), clearRect: vi.fn(), fillStyle: '', globalAlpha: 1 });

  test('only what has changed is drawn', () => {
    const l = layOut(4, 100, 100);
    const g = canvas();
    const was = codesOf([bucket({}), bucket({}), bucket({}), bucket({})], 'state');
    const now = codesOf([bucket({}), bucket({ done: 1 }), bucket({}), bucket({})], 'state');
    expect(paint(g, l, was, undefined, palette, 1)).toBe(4);
    expect(paint(g, l, now, was, palette, 1)).toBe(1);
    expect(paint(g, l, now, now, palette, 1)).toBe(0);
  });

  test('cells are whole pixels of the screen', () => {
    const g = canvas();
    const l = layOut(3, 100, 100, 1.25);
    expect(Number.isInteger(l.pitch * 1.25)).toBe(true);
    paint(g, l, codesOf([bucket({}), bucket({}), bucket({})], 'state'), undefined, palette, 1.25);
    expect(g.fillRect.mock.calls.flat().every((n) => Number.isInteger(n))).toBe(true);
  });
});
