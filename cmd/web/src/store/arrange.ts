import type { Torrent } from '../api/types';
import { everything, type SortBy, type View } from './view';

// Which torrents a view lets through, and in which order.

/** dependsOn are the keys of a torrent that decide about its place in a view. */
export function dependsOn(v: View): Set<string> {
  const keys = new Set<string>(v.sort.map((s) => (s.key === 'seeders' || s.key === 'leechers' ? 'swarm' : s.key)));
  if (v.states.length > 0) keys.add('state');
  if (v.labels.length > 0) keys.add('labels');
  if (v.trackers.length > 0) keys.add('tracker');
  if (v.dirs.length > 0) keys.add('dir');
  if (v.q !== '') for (const k of ['name', 'labels', 'tracker']) keys.add(k);
  return keys;
}

/** passes makes the test of a view. */
export function passes(v: View): (t: Torrent) => boolean {
  const states = new Set(v.states);
  const labels = new Set(v.labels);
  const trackers = new Set(v.trackers);
  const dirs = new Set(v.dirs);
  const words = v.q.toLowerCase().split(/\s+/).filter(Boolean);
  return (t) => {
    if (states.size > 0 && !states.has(t.state)) return false;
    if (trackers.size > 0 && !trackers.has(t.tracker)) return false;
    if (dirs.size > 0 && !dirs.has(t.dir)) return false;
    if (labels.size > 0 && !(t.labels.length === 0 ? labels.has('') : t.labels.some((l) => labels.has(l)))) return false;
    if (words.length === 0) return true;
    const text = [t.name, ...t.labels, t.tracker].join('\n').toLowerCase();
    return words.every((w) => text.includes(w));
  };
}

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** What is unknown comes last, whichever way. */
function valueOf(t: Torrent, key: SortBy): unknown {
  if (key === 'seeders' || key === 'leechers') return t.swarm[key];
  if (key === 'labels') return t.labels.join(',');
  return t[key];
}

function compare(a: unknown, b: unknown, desc: boolean): number {
  const none = (x: unknown) => x === null || x === undefined;
  if (none(a) || none(b)) return none(a) === none(b) ? 0 : none(a) ? 1 : -1;
  const by = typeof a === 'string' && typeof b === 'string' ? names.compare(a, b) : Number(a) - Number(b);
  return desc ? -by : by;
}

/** arrange sorts ids by a view; ties by id, so that nothing jumps. */
export function arrange(rows: Torrent[], v: View): string[] {
  const sort = v.sort.length > 0 ? v.sort : everything.sort;
  const sorted = rows.filter(passes(v)).sort((a, b) => {
    for (const s of sort) {
      const by = s.key === 'added' ? byTime(a.added, b.added, s.desc) : compare(valueOf(a, s.key), valueOf(b, s.key), s.desc);
      if (by !== 0) return by;
    }
    return a.id < b.id ? -1 : 1;
  });
  return sorted.map((t) => t.id);
}

// Times of the daemon are all in UTC and of one form up to their fractions: their letters
// are in order, which is much cheaper than to parse them.
function byTime(a: string, b: string, desc: boolean): number {
  const by = a < b ? -1 : a > b ? 1 : 0;
  return desc ? -by : by;
}
