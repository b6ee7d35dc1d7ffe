import type { Row } from '../store/rows';

/** What can be done to rows, in the order of the menu; a null parts groups. */
export const verbOrder = [
  'start',
  'start_now',
  'pause',
  null,
  'check',
  'announce',
  null,
  'move',
  'labels',
  'limits',
  null,
  'top',
  'up',
  'down',
  'bottom',
  null,
  'copy',
  null,
  'remove',
] as const;

export type Verb = Exclude<(typeof verbOrder)[number], null>;

export interface VerbFacts {
  label: string;
  /** The key that does the same in the list. */
  key?: string;
}

export const verbs: Readonly<Record<Verb, VerbFacts>> = {
  start: { label: 'Start', key: 'Space' },
  start_now: { label: 'Start now' },
  pause: { label: 'Pause', key: 'Space' },
  check: { label: 'Check data' },
  announce: { label: 'Announce now' },
  move: { label: 'Move…' },
  labels: { label: 'Labels…' },
  limits: { label: 'Limits…' },
  top: { label: 'First in line' },
  up: { label: 'Up in line' },
  down: { label: 'Down in line' },
  bottom: { label: 'Last in line' },
  copy: { label: 'Copy magnet link' },
  remove: { label: 'Remove…', key: 'Delete' },
};

type Facts = Pick<Row, 'state' | 'paused' | 'queue'>;

/** The verbs that make sense for at least one of the rows. Others are not offered: a menu is short. */
export function verbsFor(rows: readonly Facts[]): Set<Verb> {
  const out = new Set<Verb>();
  if (rows.length === 0) return out;
  for (const v of ['check', 'announce', 'move', 'labels', 'limits', 'copy', 'remove'] as const) out.add(v);
  for (const r of rows) {
    if (startable(r)) out.add('start');
    if (r.state === 'queued' && !r.paused) out.add('start_now');
    if (pausable(r)) out.add('pause');
    if (r.queue !== null) for (const v of ['top', 'up', 'down', 'bottom'] as const) out.add(v);
  }
  if (rows.every((r) => r.paused)) out.delete('announce');
  return out;
}

/** A failed torrent is not paused, and a start tries it again. */
function startable(r: Facts): boolean {
  return r.paused || r.state === 'failed';
}

function pausable(r: Facts): boolean {
  return !r.paused && r.state !== 'failed';
}

/** What the space bar does: it starts if nothing of it runs, and pauses otherwise. */
export function spaceVerb(rows: readonly Facts[]): 'start' | 'pause' | null {
  if (rows.length === 0) return null;
  return rows.some(pausable) ? 'pause' : 'start';
}

/** One step of a change of the line: a torrent and its new place, from 0. */
export interface Place {
  id: string;
  place: number;
}

/**
 * The steps that move waiting torrents in the line, to be done one after the other. Those that move keep their order among
 * themselves, which is why the first is moved first going up, and the last going down.
 */
export function places(
  rows: readonly Pick<Row, 'id' | 'queue'>[],
  to: 'top' | 'up' | 'down' | 'bottom',
  length: number,
): Place[] {
  const line = rows.flatMap((r) => (r.queue === null ? [] : [{ id: r.id, at: r.queue }])).sort((a, b) => a.at - b.at);
  const last = length - 1;
  const steps = line.map(({ id, at }, i) => {
    // Whoever stands before us and moves, too, cannot be passed.
    const first = i;
    const end = last - (line.length - 1 - i);
    switch (to) {
      case 'top':
        return { id, at, place: first };
      case 'up':
        return { id, at, place: Math.max(first, at - 1) };
      case 'down':
        return { id, at, place: Math.min(end, at + 1) };
      case 'bottom':
        return { id, at, place: end };
    }
  });
  const ordered = to === 'down' || to === 'bottom' ? steps.reverse() : steps;
  return ordered.filter((s) => s.place !== s.at).map(({ id, place }) => ({ id, place }));
}
