// The files of a torrent as a tree. It is built file by file while pages come in, and
// knows of each folder what is below it, so that nothing has to be counted again.
import type { Priority, TorrentFile } from '../../api/types';
import { natural } from './order';

/** How many files below a folder have each priority. */
export type Tally = Record<Priority, number>;

interface Common {
  readonly name: string;
  /** From the torrent's folder, with slashes. */
  readonly path: string;
  readonly depth: number;
  readonly parent: Dir | undefined;
}

export interface Leaf extends Common {
  readonly kind: 'file';
  file: TorrentFile;
}

export interface Dir extends Common {
  readonly kind: 'dir';
  readonly byName: Map<string, Node>;
  /** What is in it, in the order shown once it has been asked for. */
  readonly nodes: Node[];
  sorted: boolean;
  length: number;
  verified: number;
  /** Bytes of the files that are wanted, and how many of those are verified. */
  wanted: number;
  got: number;
  files: number;
  readonly tally: Tally;
}

export type Node = Leaf | Dir;

/** A folder with more entries than this keeps the torrent's order: sorting it would be felt. */
const sortMost = 20_000;

export class FileTree {
  readonly root: Dir = newDir('', '', -1, undefined);
  readonly #leaves = new Map<number, Leaf>();

  get size(): number {
    return this.#leaves.size;
  }

  leaf(index: number): Leaf | undefined {
    return this.#leaves.get(index);
  }

  leaves(): IterableIterator<Leaf> {
    return this.#leaves.values();
  }

  /** put adds a file, or replaces what was known of it. */
  put(file: TorrentFile): void {
    const leaf = this.#leaves.get(file.index);
    if (leaf && leaf.file.path === file.path) {
      count(leaf.parent, leaf.file, -1);
      leaf.file = file;
      count(leaf.parent, file, 1);
      return;
    }
    if (leaf) {
      this.#take(leaf);
    }
    this.#insert(file);
  }

  #insert(file: TorrentFile): void {
    let dir = this.root;
    let from = 0;
    for (let slash = file.path.indexOf('/'); slash >= 0; slash = file.path.indexOf('/', from)) {
      dir = folder(dir, file.path.slice(from, slash), file.path.slice(0, slash));
      from = slash + 1;
    }
    const leaf: Leaf = { kind: 'file', name: file.path.slice(from), path: file.path, depth: dir.depth + 1, parent: dir, file };
    append(dir, leaf, `${leaf.name}\0${file.index}`);
    this.#leaves.set(file.index, leaf);
    count(dir, file, 1);
  }

  /** #take removes a file that has another name now, and folders that are empty then. */
  #take(leaf: Leaf): void {
    count(leaf.parent, leaf.file, -1);
    this.#leaves.delete(leaf.file.index);
    let node: Node = leaf;
    let key = `${leaf.name}\0${leaf.file.index}`;
    for (let dir = leaf.parent; dir; dir = dir.parent) {
      dir.byName.delete(key);
      dir.nodes.splice(dir.nodes.indexOf(node), 1);
      if (dir.nodes.length > 0) {
        return;
      }
      node = dir;
      key = dir.name;
    }
  }
}

function newDir(name: string, path: string, depth: number, parent: Dir | undefined): Dir {
  const tally: Tally = { skip: 0, low: 0, normal: 0, high: 0 };
  return { kind: 'dir', name, path, depth, parent, byName: new Map(), nodes: [], sorted: true, length: 0, verified: 0, wanted: 0, got: 0, files: 0, tally };
}

function folder(dir: Dir, name: string, path: string): Dir {
  const there = dir.byName.get(name);
  if (there?.kind === 'dir') {
    return there;
  }
  const made = newDir(name, path, dir.depth + 1, dir);
  append(dir, made, name);
  return made;
}

/**
 * append puts a node last. Names of files have their index in the key: a hostile torrent
 * may have a file and a folder, or two files, of one name.
 */
function append(dir: Dir, node: Node, key: string): void {
  const last = dir.nodes.at(-1);
  dir.byName.set(key, node);
  dir.nodes.push(node);
  dir.sorted &&= !last || compare(last, node) <= 0;
}

/** compare has folders before files. */
function compare(a: Node, b: Node): number {
  return a.kind === b.kind ? natural(a.name, b.name) : a.kind === 'dir' ? -1 : 1;
}

/** count adds a file to what is known of its folders, or takes it away. */
function count(from: Dir | undefined, f: TorrentFile, sign: 1 | -1): void {
  for (let dir = from; dir; dir = dir.parent) {
    dir.files += sign;
    dir.length += sign * f.length;
    dir.verified += sign * f.verified;
    dir.tally[f.priority] += sign;
    if (f.priority !== 'skip') {
      dir.wanted += sign * f.length;
      dir.got += sign * f.verified;
    }
  }
}

/** contents is what is in a folder, in the order in which it is shown. */
export function contents(dir: Dir): readonly Node[] {
  if (!dir.sorted) {
    dir.sorted = true;
    if (dir.nodes.length <= sortMost) {
      dir.nodes.sort(compare);
    }
  }
  return dir.nodes;
}

/** filesBelow are the files of a folder and all below it, or the file itself. */
export function filesBelow(node: Node): TorrentFile[] {
  const found: TorrentFile[] = [];
  const visit = (n: Node): void => {
    if (n.kind === 'file') {
      found.push(n.file);
    } else {
      n.nodes.forEach(visit);
    }
  };
  visit(node);
  return found;
}

/** visible are the rows of a tree in which some folders are open. */
export function visible(root: Dir, open: ReadonlySet<string>): Node[] {
  const rows: Node[] = [];
  const visit = (dir: Dir): void => {
    for (const node of contents(dir)) {
      rows.push(node);
      if (node.kind === 'dir' && open.has(node.path)) {
        visit(node);
      }
    }
  };
  visit(root);
  return rows;
}

/**
 * matching are the rows of a tree cut down to what has all words in its path, with the
 * folders that lead there. A folder that matches by itself brings all that is in it.
 */
export function matching(root: Dir, query: string): Node[] {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const rows: Node[] = [];
  const visit = (dir: Dir): boolean => {
    let found = false;
    for (const node of contents(dir)) {
      const at = rows.push(node);
      const path = node.path.toLowerCase();
      const fits = node.kind === 'file' ? words.every((word) => path.includes(word)) : visit(node);
      if (fits) {
        found = true;
      } else {
        rows.length = at - 1;
      }
    }
    return found;
  };
  visit(root);
  return rows;
}

export type Mark = 'all' | 'some' | 'none';

/** markOf is the tri-state of a node's check box: whether what is below it is wanted. */
export function markOf(node: Node): Mark {
  if (node.kind === 'file') {
    return node.file.priority === 'skip' ? 'none' : 'all';
  }
  return node.tally.skip === 0 ? 'all' : node.tally.skip === node.files ? 'none' : 'some';
}

/** priorityOf is the priority of all that is below a node; mixed if it differs. */
export function priorityOf(node: Node): Priority | 'mixed' {
  if (node.kind === 'file') {
    return node.file.priority;
  }
  const one = (Object.keys(node.tally) as Priority[]).find((p) => node.tally[p] === node.files);
  return one ?? 'mixed';
}

/** doneOf is which part of what is wanted below a node is verified; of what is not wanted, what is there. */
export function doneOf(node: Node): number {
  if (node.kind === 'file') {
    return part(node.file.verified, node.file.length, node.file.complete);
  }
  return node.wanted > 0 ? part(node.got, node.wanted, false) : part(node.verified, node.length, false);
}

function part(got: number, of: number, whole: boolean): number {
  return of > 0 ? got / of : whole ? 1 : 0;
}

/** lengthOf is the length of a file, or of all files below a folder. */
export function lengthOf(node: Node): number {
  return node.kind === 'file' ? node.file.length : node.length;
}
