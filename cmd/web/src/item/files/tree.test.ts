import { describe, expect, test } from 'vitest';
import { file } from '../testing';
import type { TorrentFile } from '../../api/types';
import { doneOf, FileTree, filesBelow, lengthOf, markOf, matching, priorityOf, visible, type Dir, type Node } from './tree';

function treeOf(...files: TorrentFile[]): FileTree {
  const tree = new FileTree();
  files.forEach((f) => tree.put(f));
  return tree;
}

const paths = (rows: Node[]): string[] => rows.map((n) => n.path);
const dirAt = (tree: FileTree, path: string): Dir => visible(tree.root, everything).find((n): n is Dir => n.kind === 'dir' && n.path === path) as Dir;
const everything = { has: () => true } as unknown as ReadonlySet<string>;

describe('FileTree', () => {
  test('folders come first, then files in natural order', () => {
    const tree = treeOf(file(0, 'b10.txt'), file(1, 'b9.txt'), file(2, 'z/1.txt'), file(3, 'A.txt'));
    expect(paths(visible(tree.root, new Set()))).toEqual(['z', 'A.txt', 'b9.txt', 'b10.txt']);
    expect(paths(visible(tree.root, new Set(['z'])))).toEqual(['z', 'z/1.txt', 'A.txt', 'b9.txt', 'b10.txt']);
  });

  test('a folder knows what is below it', () => {
    const tree = treeOf(file(0, 'd/a', { length: 10, verified: 5 }), file(1, 'd/e/b', { length: 30, verified: 30, priority: 'skip' }));
    const d = dirAt(tree, 'd');
    expect([lengthOf(d), d.files, doneOf(d), markOf(d), priorityOf(d)]).toEqual([40, 2, 0.5, 'some', 'mixed']);
    expect(markOf(dirAt(tree, 'd/e'))).toBe('none');
    expect(filesBelow(d).map((f) => f.index).sort()).toEqual([0, 1]);
  });

  test('a file that changes changes its folders', () => {
    const tree = treeOf(file(0, 'd/a', { length: 10 }), file(1, 'd/b', { length: 10 }));
    tree.put(file(0, 'd/a', { length: 10, verified: 10, priority: 'high' }));
    const d = dirAt(tree, 'd');
    expect([d.verified, d.got, d.files, d.tally.high, d.tally.normal]).toEqual([10, 10, 2, 1, 1]);
    tree.put(file(1, 'd/b', { length: 10, priority: 'high' }));
    expect(priorityOf(d)).toBe('high');
  });

  test('a file that is renamed moves, and leaves no empty folder', () => {
    const tree = treeOf(file(0, 'd/e/a'), file(1, 'x'));
    tree.put(file(0, 'f/a'));
    expect(paths(visible(tree.root, everything))).toEqual(['f', 'f/a', 'x']);
    expect(tree.root.files).toBe(2);
    expect(tree.size).toBe(2);
  });

  test('names that collide are all shown', () => {
    const tree = treeOf(file(0, 'a'), file(1, 'a'), file(2, 'a/b'), file(3, '__proto__/constructor'), file(4, ''));
    expect(visible(tree.root, everything).filter((n) => n.kind === 'file')).toHaveLength(5);
  });

  test('an empty file is done when it is complete', () => {
    const tree = treeOf(file(0, 'a', { length: 0 }), file(1, 'b', { length: 0, complete: true }));
    expect(visible(tree.root, everything).map(doneOf)).toEqual([0, 1]);
  });
});

describe('matching', () => {
  const tree = treeOf(file(0, 'Season 1/e1.mkv'), file(1, 'Season 1/e1.srt'), file(2, 'Season 2/e1.mkv'), file(3, 'readme.txt'));
  test.each([
    ['', ['Season 1', 'Season 1/e1.mkv', 'Season 1/e1.srt', 'Season 2', 'Season 2/e1.mkv', 'readme.txt']],
    ['SRT', ['Season 1', 'Season 1/e1.srt']],
    ['mkv 2', ['Season 2', 'Season 2/e1.mkv']],
    ['season 1', ['Season 1', 'Season 1/e1.mkv', 'Season 1/e1.srt', 'Season 2', 'Season 2/e1.mkv']],
    ['nothing', []],
  ])('%j', (query, want) => {
    expect(paths(matching(tree.root, query))).toEqual(want);
  });
});
