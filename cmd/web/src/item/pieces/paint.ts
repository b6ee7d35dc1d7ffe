// Which colour a cell has, as a small number, and how cells get onto the canvas.
import type { Bucket } from '../../api/types';
import type { Layout } from './layout';

export type View = 'state' | 'availability';

/** Shades of one colour: enough for the eye, few enough to see that nothing changed. */
const shades = 8;

/** What the number of a cell stands for, times shades, plus the shade. */
export const kinds = ['have', 'partial', 'wanted', 'unwanted', 'nobody', 'peers'] as const;
export type CellKind = (typeof kinds)[number];

/** codesOf are the colours of all cells. */
export function codesOf(buckets: readonly Bucket[], view: View): Uint8Array {
  const most = buckets.reduce((n, b) => Math.max(n, b.availability), 1);
  return Uint8Array.from(buckets, (b) => (view === 'state' ? stateCode(b) : peersCode(b, most)));
}

function stateCode(b: Bucket): number {
  if (b.done >= 1) {
    return code('have', 1);
  }
  if (b.partial > 0) {
    return code('partial', 0.6 + 0.4 * b.done);
  }
  if (b.unwanted >= 1 && b.done === 0) {
    return code('unwanted', 1);
  }
  if (b.done > 0) {
    return code('have', b.done * 0.85); // a shade less than whole
  }
  return code(b.availability === 0 ? 'nobody' : 'wanted', 1 - b.unwanted);
}

function peersCode(b: Bucket, most: number): number {
  return b.availability === 0 ? code(b.done >= 1 ? 'unwanted' : 'nobody', 1) : code('peers', b.availability / most);
}

function code(kind: CellKind, part: number): number {
  return kinds.indexOf(kind) * shades + Math.min(shades - 1, Math.max(0, Math.floor(part * shades)));
}

/** kindOfCode is what a colour stands for. */
export function kindOfCode(c: number): CellKind {
  return kinds[Math.floor(c / shades)] ?? 'unwanted';
}

/** alphaOf is how strong a colour is: even the weakest can be told from nothing. */
export function alphaOf(c: number): number {
  return 0.3 + (0.7 * ((c % shades) + 1)) / shades;
}

export type Palette = Readonly<Record<CellKind | 'ground', string>>;

/** What a canvas can do as far as is needed here. */
export type Canvas = Pick<CanvasRenderingContext2D, 'fillRect' | 'clearRect' | 'fillStyle' | 'globalAlpha'>;

/**
 * paint draws the cells whose colour is not what it was; without was, all. Sizes are CSS
 * pixels times scale, rounded to whole pixels of the screen so that edges are sharp. It
 * returns how many cells it drew.
 */
export function paint(g: Canvas, l: Layout, now: Uint8Array, was: Uint8Array | undefined, palette: Palette, scale: number): number {
  const pitch = Math.max(1, Math.round(l.pitch * scale));
  const size = Math.max(1, pitch - Math.max(1, Math.round(scale)));
  let drawn = 0;
  for (let i = 0; i < now.length; i++) {
    const c = now[i] as number;
    if (was && was[i] === c) {
      continue;
    }
    const x = (i % l.columns) * pitch;
    const y = Math.floor(i / l.columns) * pitch;
    g.globalAlpha = 1;
    g.clearRect(x, y, size, size);
    g.fillStyle = palette.ground;
    g.fillRect(x, y, size, size);
    g.globalAlpha = alphaOf(c);
    g.fillStyle = palette[kindOfCode(c)];
    g.fillRect(x, y, size, size);
    drawn++;
  }
  g.globalAlpha = 1;
  return drawn;
}
