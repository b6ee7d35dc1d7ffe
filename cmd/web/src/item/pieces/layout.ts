/** Where cells are in the picture, in CSS pixels. */
export interface Layout {
  readonly cells: number;
  readonly columns: number;
  readonly rows: number;
  /** From the left edge of a cell to that of the next; a gap of one pixel is part of it. */
  readonly pitch: number;
  readonly width: number;
  readonly height: number;
}

/** A cell is at least so large: it has to be seen and hit. */
const smallest = 7;
const largest = 18;

/** The daemon sums pieces up in so many parts at most. */
const mostCells = 10_000;

/** cellsFor is how many cells fit: as many as there are pieces, if they do. */
export function cellsFor(pieces: number, width: number, height: number): number {
  const most = Math.max(1, Math.floor(width / smallest)) * Math.max(1, Math.floor(height / smallest));
  return Math.min(pieces, most, mostCells);
}

/**
 * layOut makes cells as large as the room allows. scale is how many pixels of the screen a
 * CSS pixel has: cells are whole pixels of the screen, so that their edges are sharp.
 */
export function layOut(cells: number, width: number, height: number, scale = 1): Layout {
  let pitch = snap(largest, scale);
  for (let p = largest; p > smallest && Math.floor(width / pitch) * Math.floor(height / pitch) < cells; ) {
    pitch = snap(--p, scale);
  }
  const columns = Math.max(1, Math.floor(width / pitch));
  const rows = Math.ceil(cells / columns);
  return { cells, columns, rows, pitch, width: Math.max(pitch, columns * pitch), height: rows * pitch };
}

function snap(pitch: number, scale: number): number {
  return Math.max(1, Math.round(pitch * scale)) / scale;
}

/** cellAt is which cell is at a point; undefined where there is none. */
export function cellAt(l: Layout, x: number, y: number): number | undefined {
  const column = Math.floor(x / l.pitch);
  const cell = Math.floor(y / l.pitch) * l.columns + column;
  return x >= 0 && y >= 0 && column < l.columns && cell < l.cells ? cell : undefined;
}

/** step is to which cell a key leads; undefined: the key means nothing here. */
export function step(l: Layout, from: number, key: string): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -l.columns,
    ArrowDown: l.columns,
    PageUp: -10 * l.columns,
    PageDown: 10 * l.columns,
    Home: -from,
    End: l.cells,
  };
  const by = steps[key];
  return by === undefined ? undefined : Math.min(l.cells - 1, Math.max(0, from + by));
}
