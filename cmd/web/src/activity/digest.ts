import type { Columns } from '../ui/chart';

/** Digest is a graph in numbers, bytes per second. */
export interface Digest { down: number; up: number; mostDown: number; mostUp: number }

export function digestOf([, down, up]: Columns): Digest {
  const mean = (c: readonly (number | null)[]) => (c.length === 0 ? 0 : c.reduce<number>((sum, x) => sum + (x ?? 0), 0) / c.length);
  const most = (c: readonly (number | null)[]) => c.reduce<number>((m, x) => Math.max(m, x ?? 0), 0);
  return { down: mean(down), up: mean(up), mostDown: most(down), mostUp: most(up) };
}
