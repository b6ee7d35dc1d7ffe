import type { Log } from '../api/types';

// The lines of the log that are kept, and which of them are shown.

/** As many as the daemon keeps would be too many to look through; these are the newest. */
export const mostLines = 5000;

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

/** add puts new lines behind those that are there: each once, in order, the newest mostLines. */
export function add(all: readonly Log[], more: readonly Log[]): readonly Log[] {
  const last = all.at(-1)?.seq ?? 0;
  const fresh = more.filter((l) => l.seq > last).sort((a, b) => a.seq - b.seq);
  if (fresh.length === 0) return all;
  return [...all, ...fresh].slice(-mostLines);
}

/** shown are the lines up to a level that have every word of q. */
export function shown(all: readonly Log[], level: Level, q: string): readonly Log[] {
  const most = levels.indexOf(level);
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  if (most === levels.length - 1 && words.length === 0) return all;
  return all.filter((l) => {
    if (levels.indexOf(l.level) > most) return false;
    const text = l.text.toLowerCase();
    return words.every((w) => text.includes(w));
  });
}
