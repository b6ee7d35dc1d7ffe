import type { View } from '../store/view';
import type { Counts } from '../api/types';
import { stateWords } from './why';

/** The kinds of filters, as they are called in a View. */
export type FilterKind = 'states' | 'labels' | 'trackers' | 'dirs';

export interface FilterItem {
  value: string;
  text: string;
  count: number;
  on: boolean;
}

export interface FilterGroup {
  kind: FilterKind;
  title: string;
  items: FilterItem[];
}

/** The states in the order of a torrent's life, with what needs a hand first. */
const stateOrder = [
  'failed',
  'downloading',
  'stalled',
  'metadata',
  'checking',
  'finishing',
  'moving',
  'queued',
  'seeding',
  'completed',
  'paused',
] as const;

/** What the rail shows: each value with how many torrents have it, and those that are on even if none has it any more. */
export function filterGroups(counts: Counts, view: View): FilterGroup[] {
  return [
    { kind: 'states', title: 'State', items: stateItems(counts.state, view.states) },
    { kind: 'labels', title: 'Labels', items: items(counts.label, view.labels, labelText) },
    { kind: 'trackers', title: 'Trackers', items: items(counts.tracker, view.trackers, trackerText) },
    { kind: 'dirs', title: 'Folders', items: items(counts.dir, view.dirs, (d) => d) },
  ];
}

function stateItems(counts: Readonly<Record<string, number>>, on: readonly string[]): FilterItem[] {
  return stateOrder
    .map((s) => ({ value: s, text: stateWords[s], count: counts[s] ?? 0, on: on.includes(s) }))
    .filter((i) => i.count > 0 || i.on);
}

function items(counts: Readonly<Record<string, number>>, on: readonly string[], text: (v: string) => string): FilterItem[] {
  const values = new Set([...Object.keys(counts), ...on]);
  return [...values]
    .map((value) => ({ value, text: text(value), count: counts[value] ?? 0, on: on.includes(value) }))
    .filter((i) => i.count > 0 || i.on)
    .sort((a, b) => byText(a.text, b.text));
}

const { compare: byText } = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function labelText(v: string): string {
  return v === '' ? 'No label' : v;
}

function trackerText(v: string): string {
  return v === '' ? 'No tracker' : v;
}

/** The view with a filter alone of its kind; off again if it was that already. */
export function onlyFilter(view: View, kind: FilterKind, value: string): View {
  const alone = view[kind].length === 1 && view[kind][0] === value;
  return { ...view, [kind]: alone ? [] : [value] };
}

/** The view with a filter beside the others of its kind, or without it. */
export function toggleFilter(view: View, kind: FilterKind, value: string): View {
  const on = view[kind];
  return { ...view, [kind]: on.includes(value) ? on.filter((v) => v !== value) : [...on, value] };
}

/** A filter that is on, and the view without it. */
export interface Chip {
  key: string;
  kind: string;
  text: string;
  without: View;
}

export function chips(view: View): Chip[] {
  const out: Chip[] = [];
  const add = (kind: FilterKind, title: string, text: (v: string) => string): void => {
    for (const v of view[kind])
      out.push({ key: `${kind}:${v}`, kind: title, text: text(v), without: toggleFilter(view, kind, v) });
  };
  if (view.q.trim() !== '') out.push({ key: 'q', kind: 'search', text: view.q.trim(), without: { ...view, q: '' } });
  add('states', 'state', (s) => (Object.hasOwn(stateWords, s) ? stateWords[s as keyof typeof stateWords] : s));
  add('labels', 'label', labelText);
  add('trackers', 'tracker', trackerText);
  add('dirs', 'folder', (d) => d);
  return out;
}

/** The view without any filter, in the same order. */
export function unfiltered(view: View): View {
  return { ...view, q: '', states: [], labels: [], trackers: [], dirs: [] };
}
