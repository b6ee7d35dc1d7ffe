import { describe, expect, it } from 'vitest';
import { checked, longestSelection, ranges, toggled, treeOf, visible, wishes, type Node } from './tree';

const leaves = ['b/2.txt', 'a.txt', 'b/c/x', 'b/10.txt'].map((path, index) => ({ index, path, length: 10 * (index + 1) }));
const shape = (rows: readonly Node[]) => rows.map((n) => `${' '.repeat(n.depth)}${n.key} ${n.size}`);

describe('treeOf', () => {
  it('puts folders first, and numbers in their order', () => {
    const all = treeOf(leaves);
    expect(shape(visible(all, new Set(['b/', 'b/c/'])))).toEqual(['b/ 80', ' b/c/ 30', '  b/c/x 30', ' b/2.txt 10', ' b/10.txt 40', 'a.txt 20']);
    expect(shape(visible(all, new Set()))).toEqual(['b/ 80', 'a.txt 20']);
  });

  it('shows deep paths, and is not taken in by names of objects', () => {
    const [deep, odd] = treeOf([
      { index: 0, path: 'a/'.repeat(5000) + 'x', length: 1 },
      { index: 1, path: '__proto__/x', length: 1 },
    ].reverse());
    expect(deep?.name).toBe('__proto__');
    let depth = 0;
    for (let n = odd; n?.children; n = n.children[0]) depth = n.depth;
    expect(depth).toBeLessThan(60);
  });

  it('takes 100,000 files', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => ({ index: i, path: `d${i % 100}/f${i}`, length: 1 }));
    const all = treeOf(many);
    expect(all).toHaveLength(100);
    expect(all[0]?.files).toHaveLength(1000);
  });
});

describe('selection', () => {
  const [b, a] = treeOf(leaves) as [Node, Node];

  it('is of folders as of files', () => {
    expect(checked(b, new Set())).toBe(true);
    expect(checked(b, new Set([0]))).toBe('mixed');
    expect(checked(b, new Set([0, 2, 3]))).toBe(false);
    expect([...toggled(b, new Set([0]))]).toEqual([]); // partly wanted becomes wanted
    expect([...toggled(b, new Set([1]))].sort()).toEqual([0, 1, 2, 3]);
    expect([...toggled(a, new Set([1]))]).toEqual([]);
  });

  it.each<[number[], string]>([
    [[], ''],
    [[3], '3'],
    [[0, 1, 2], '0-2'],
    [[0, 2, 3, 4, 9], '0,2-4,9'],
  ])('%j is %s', (indices, want) => {
    expect(ranges(indices).join(',')).toBe(want);
  });

  it('is told in lines that the daemon takes', () => {
    expect(wishes(new Set())).toEqual([]);
    expect(wishes(new Set([5, 1, 0]))).toEqual([{ files: '0-1,5', priority: 'skip' }]);
    const odd = new Set(Array.from({ length: 50_000 }, (_, i) => 2 * i + 1));
    const lines = wishes(odd);
    expect(lines.length).toBeGreaterThan(1);
    expect(Math.max(...lines.map((l) => l.files.length))).toBeLessThanOrEqual(longestSelection);
    expect(lines.flatMap((l) => l.files.split(','))).toHaveLength(50_000);
  });
});
