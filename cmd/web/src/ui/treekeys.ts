/** What a tree must know of its rows to be walked by keys. */
export interface Shape<T> {
  depthOf: (row: T) => number;
  expanded: (row: T) => boolean | undefined;
  textOf?: (row: T) => string;
}

/** move is what a key does in a tree (WAI-ARIA tree view): where to go, or what to do
 *  with the row; undefined: the key is none of the tree's. */
export function move<T>(key: string, at: number, rows: readonly T[], shape: Shape<T>, page: number): number | 'open' | 'check' | 'toggle' | undefined {
  const row = rows[at];
  if (row === undefined) return undefined;
  const last = rows.length - 1;
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return Math.min(at + 1, last);
    case 'ArrowUp':
    case 'k':
      return Math.max(at - 1, 0);
    case 'PageDown':
      return Math.min(at + page, last);
    case 'PageUp':
      return Math.max(at - page, 0);
    case 'Home':
      return 0;
    case 'End':
      return last;
    case 'ArrowRight':
      if (shape.expanded(row) === false) return 'toggle';
      return shape.expanded(row) ? Math.min(at + 1, last) : at;
    case 'ArrowLeft':
      return shape.expanded(row) ? 'toggle' : parent(at, rows, shape);
    case 'Enter':
      return 'open';
    case ' ':
      return 'check';
  }
  return byLetter(key, at, rows, shape);
}

function parent<T>(at: number, rows: readonly T[], shape: Shape<T>): number {
  const depth = shape.depthOf(rows[at] as T);
  for (let i = at - 1; i >= 0; i--) if (shape.depthOf(rows[i] as T) < depth) return i;
  return at;
}

/** How many rows a letter looks through: a key must not take longer than a frame. */
const far = 20_000;

function byLetter<T>(key: string, at: number, rows: readonly T[], { textOf }: Shape<T>): number | undefined {
  if (!textOf || key.length !== 1) return undefined;
  const letter = key.toLowerCase();
  for (let i = 1; i <= Math.min(rows.length, far); i++) {
    const to = (at + i) % rows.length;
    if (textOf(rows[to] as T).toLowerCase().startsWith(letter)) return to;
  }
  return undefined;
}
