import { describe, expect, it } from 'vitest';
import { points, thin } from './sparkline';

const size = { width: 100, height: 20 };

describe('points', () => {
  it('ends at the right edge, the most at the top', () => {
    expect(points([0, 10], 10, 11, size)).toEqual([90, 20, 100, 0]);
  });

  it('shows the newest', () => {
    expect(points([9, 9, 9, 0, 5], 10, 2, size)).toEqual([0, 20, 100, 10]);
  });

  it('is flat at the bottom when nothing moves, and nothing without values', () => {
    expect(points([0, 0], 0, 2, size)).toEqual([0, 20, 100, 20]);
    expect(points([], 0, 2, size)).toEqual([]);
  });
});

describe('thin', () => {
  it('averages groups from the newest backwards', () => {
    expect(thin([7, 1, 3, 5, 7], 3)).toEqual([7, 2, 6]);
  });

  it('leaves few values as they are', () => {
    expect(thin([1, 2], 10)).toEqual([1, 2]);
    expect(thin([], 10)).toEqual([]);
  });
});
