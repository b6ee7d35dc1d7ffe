/** A file of a torrent, as far as the tree needs to know it. */
export interface Leaf {
  index: number;
  path: string;
  length: number;
}

/** One row of the tree: a file, or a folder with what is below it. */
export interface Node {
  /** The path; folders end with a slash. */
  key: string;
  name: string;
  depth: number;
  /** Bytes of all files below. */
  size: number;
  /** Indices of the files below, in order. */
  files: number[];
  /** undefined: a file. */
  children?: Node[];
}

/** Deeper folders are shown as one: a path comes from a stranger. */
const deepest = 60;

/** treeOf makes a tree of paths; folders come before files, both by name. */
export function treeOf(leaves: readonly Leaf[]): Node[] {
  const root: Node = { key: '', name: '', depth: -1, size: 0, files: [], children: [] };
  const folders = new Map<string, Node>([['', root]]);
  for (const f of leaves) {
    const parts = f.path.split('/');
    const name = parts.pop() ?? '';
    const above = parts.length > deepest ? [...parts.slice(0, deepest - 1), parts.slice(deepest - 1).join('/')] : parts;
    let key = '';
    let at = root;
    for (const part of above) {
      key += part + '/';
      at = folders.get(key) ?? folder(folders, key, part, at);
      at.size += f.length;
      at.files.push(f.index);
    }
    at.children?.push({ key: f.path, name, depth: at.depth + 1, size: f.length, files: [f.index] });
  }
  for (const f of folders.values()) f.children?.sort(byKind);
  return root.children ?? [];
}

function folder(folders: Map<string, Node>, key: string, name: string, above: Node): Node {
  const made: Node = { key, name, depth: above.depth + 1, size: 0, files: [], children: [] };
  folders.set(key, made);
  above.children?.push(made);
  return made;
}

const collator = new Intl.Collator(undefined, { numeric: true });

function byKind(a: Node, b: Node): number {
  return Number(!a.children) - Number(!b.children) || collator.compare(a.name, b.name);
}

/** visible are the rows that are to be seen: those in folders that are open. */
export function visible(nodes: readonly Node[], open: ReadonlySet<string>): Node[] {
  const rows: Node[] = [];
  const walk = (list: readonly Node[]) => {
    for (const n of list) {
      rows.push(n);
      if (n.children && open.has(n.key)) walk(n.children);
    }
  };
  walk(nodes);
  return rows;
}

/** checked reports whether all, none or some of what is below a row is wanted. */
export function checked(n: Node, skipped: ReadonlySet<number>): boolean | 'mixed' {
  let out = 0;
  for (const i of n.files) if (skipped.has(i)) out++;
  return out === 0 ? true : out === n.files.length ? false : 'mixed';
}

/** toggled wants all below a row, or, if they are wanted, none. */
export function toggled(n: Node, skipped: ReadonlySet<number>): Set<number> {
  const next = new Set(skipped);
  const want = checked(n, skipped) !== true;
  for (const i of n.files) {
    if (want) next.delete(i);
    else next.add(i);
  }
  return next;
}

/** ranges writes indices as the daemon reads them: 0,3-5. */
export function ranges(indices: readonly number[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < indices.length; ) {
    let j = i;
    while (indices[j + 1] === (indices[j] ?? 0) + 1) j++;
    out.push(i === j ? String(indices[i]) : `${String(indices[i])}-${String(indices[j])}`);
    i = j + 1;
  }
  return out;
}

/** What the daemon takes of one selection, in characters. */
export const longestSelection = 65_536;

/** wishes is what has the daemon skip files: nothing if all are wanted. Long lists are cut
 *  into several. */
export function wishes(skipped: ReadonlySet<number>): { files: string; priority: 'skip' }[] {
  const out: { files: string; priority: 'skip' }[] = [];
  let line = '';
  const flush = () => {
    if (line !== '') out.push({ files: line, priority: 'skip' });
  };
  for (const r of ranges([...skipped].sort((a, b) => a - b))) {
    if (line.length + r.length + 1 > longestSelection) {
      flush();
      line = '';
    }
    line += line === '' ? r : `,${r}`;
  }
  flush();
  return out;
}
