import { describe, expect, it } from 'vitest';
import { bytes, percent, ratio, rate, span, when } from './format';
import { step } from './roving';
import { plain } from './sanitise';
import { move } from './treekeys';

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1536, '1.50 KiB'],
    [10 * 1024, '10.0 KiB'],
    [100 * 1024, '100 KiB'],
    [1024 ** 2 - 1, '1.00 MiB'],
    [1.5 * 1024 ** 4, '1.50 TiB'],
    [-2048, '-2.00 KiB'],
    [NaN, '–'],
  ])('%d bytes are %s', (n, want) => expect(bytes(n)).toBe(want));

  it('says nothing of a rate that is none', () => {
    expect(rate(0)).toBe('');
    expect(rate(2048)).toBe('2.00 KiB/s');
  });

  it.each([
    [0, '0.0%'],
    [0.00001, '0.1%'],
    [0.4567, '45.6%'],
    [0.99999, '99.9%'],
    [1, '100%'],
    [1.2, '100%'],
    [-1, '0.0%'],
  ])('%d of the whole is %s', (x, want) => expect(percent(x)).toBe(want));

  it.each([
    [0, '0 s'],
    [59.4, '59 s'],
    [60, '1 m'],
    [3661, '1 h 1 m'],
    [3605, '1 h'],
    [86400 * 400, '1 y 35 d'],
    [-5, '0 s'],
    [null, '∞'],
    [Infinity, '∞'],
  ])('%d seconds are %s', (s, want) => expect(span(s)).toBe(want));

  it('has two digits of a ratio', () => expect(ratio(1.005)).toMatch(/^1\.0[01]$/));

  it('says nothing of a time that is none', () => {
    expect(when(null)).toBe('');
    expect(when('nonsense')).toBe('');
    expect(when('2026-01-02T03:04:05Z')).toContain('2026');
  });
});

describe('plain', () => {
  it.each([
    ['a<b>&amp;', 'a<b>&amp;'],
    ['photo\u202egpj.exe', 'photo⟨202e⟩gpj.exe'],
    ['a\u0000b\nc\u001b[31m', 'a⟨0000⟩b⟨000a⟩c⟨001b⟩[31m'],
    ['zero\u200bwidth', 'zero⟨200b⟩width'],
    ['שלום עולם', 'שלום עולם'],
    ['👩‍👩‍👧', '👩⟨200d⟩👩⟨200d⟩👧'],
  ])('%j', (s, want) => expect(plain(s)).toBe(want));

  it('bounds the length', () => expect(plain('x'.repeat(5000))).toHaveLength(1001));
});

it('steps around', () => {
  expect(['ArrowDown', 'ArrowUp', 'Home', 'End', 'x'].map((k) => step(k, 2, 3))).toEqual([0, 1, 0, 2, undefined]);
  expect(step('ArrowUp', -1, 3)).toBe(2);
  expect(step('ArrowDown', -1, 3)).toBe(0);
  expect(step('ArrowDown', 0, 0)).toBeUndefined();
});

describe('a tree walked by keys', () => {
  // a/ (open) with b and c/ (closed); d
  const rows = ['a', 'a/b', 'a/c', 'd'];
  const shape = {
    depthOf: (r: string) => r.split('/').length - 1,
    expanded: (r: string) => ({ a: true, 'a/c': false })[r],
    textOf: (r: string) => r.split('/').at(-1) ?? '',
  };
  it.each([
    ['ArrowDown', 3, 3],
    ['ArrowUp', 0, 0],
    ['PageDown', 0, 2],
    ['PageUp', 3, 1],
    ['Home', 2, 0],
    ['End', 0, 3],
    ['ArrowRight', 0, 1],
    ['ArrowRight', 2, 'toggle'],
    ['ArrowRight', 3, 3],
    ['ArrowLeft', 0, 'toggle'],
    ['ArrowLeft', 2, 0],
    ['ArrowLeft', 3, 3],
    ['Enter', 1, 'open'],
    [' ', 1, 'check'],
    ['d', 0, 3],
    ['c', 3, 2],
    ['z', 0, undefined],
    ['Tab', 0, undefined],
  ])('%s at %d leads to %s', (key, at, want) => expect(move(key, at, rows, shape, 2)).toBe(want));

  it('does nothing in an empty one', () => expect(move('ArrowDown', 0, [], shape, 2)).toBeUndefined());
});
