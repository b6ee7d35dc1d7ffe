import type { Torrent } from '../api/types';

/** One key to sort by. */
export interface SortKey {
  key: SortBy;
  desc: boolean;
}

/** Keys of a torrent that a list can be sorted by. */
export type SortBy = keyof Torrent | 'seeders' | 'leechers';

/** Which torrents a list shows, and in which order. Lists of several are alternatives;
 *  an empty list lets everything through. The empty label is of those without one. */
export interface View {
  states: string[];
  labels: string[];
  trackers: string[];
  dirs: string[];
  /** Words that must occur in name, label or tracker. */
  q: string;
  sort: SortKey[];
}

export const everything: View = { states: [], labels: [], trackers: [], dirs: [], q: '', sort: [{ key: 'added', desc: true }] };

/** viewKey is the same for views that show the same. */
export const viewKey = (v: View): string => viewToHash(v);

const filters = [
  ['states', 'state'],
  ['labels', 'label'],
  ['trackers', 'tracker'],
  ['dirs', 'dir'],
] as const;

/** viewToHash is a view as the query of an address; the view of everything is "". */
export function viewToHash(v: View): string {
  const q = new URLSearchParams();
  for (const [key, name] of filters) for (const value of [...v[key]].sort()) q.append(name, value);
  if (v.q.trim() !== '') q.set('q', v.q.trim());
  const sort = v.sort.map((s) => (s.desc ? '-' : '') + s.key).join(',');
  if (sort !== '-added') q.set('sort', sort);
  return q.toString();
}

/** What an address may hold of anything: it comes from outside. */
const bounds = { values: 64, length: 1024, keys: 8 };

/** viewFromHash reads the query of an address; what it does not know it leaves out. */
export function viewFromHash(query: string): View {
  const q = new URLSearchParams(query);
  const all = (name: string) => [...new Set(q.getAll(name).slice(0, bounds.values).map((s) => s.slice(0, bounds.length)))];
  const sort = q.has('sort') ? sortFrom(q.get('sort') ?? '') : everything.sort;
  return {
    states: all('state'),
    labels: all('label'),
    trackers: all('tracker'),
    dirs: all('dir'),
    q: (q.get('q') ?? '').slice(0, bounds.length),
    sort: sort.length > 0 ? sort : everything.sort,
  };
}

function sortFrom(text: string): SortKey[] {
  return text
    .split(',')
    .slice(0, bounds.keys)
    .map((s): SortKey => ({ key: s.replace(/^-/, '') as SortBy, desc: s.startsWith('-') }))
    .filter((s) => /^[a-z_0-9]+$/.test(s.key));
}
