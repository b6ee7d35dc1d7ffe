import type { Counts, RowsEvent, Torrent, TorrentPage } from '../api/types';
import { arrange, dependsOn } from './arrange';
import { viewKey, type View } from './view';

/** A row is never changed: another one takes its place. */
export type Row = Readonly<Torrent>;

/** What a RowStore needs of its surroundings; tests have their own. */
export interface Pace {
  /** later calls fn after ms. */
  later(fn: () => void, ms: number): void;
  /** hidden reports whether nobody sees the page; shown tells fn when that ends. */
  hidden(): boolean;
  shown(fn: () => void): void;
}

/** At most ten times a second something new is shown. */
const interval = 100;

const noCounts: Counts = { state: {}, label: {}, tracker: {}, dir: {} };

interface Overlay {
  id: string;
  patch: Partial<Torrent>;
}

interface Arranged {
  version: number;
  ids: readonly string[];
}

/** RowStore has what is known of all torrents, and what is shown of them: changes are
 *  published together, at most ten times a second, and not while nobody looks. */
export class RowStore {
  readonly #pace: Pace;
  #known = new Map<string, Row>(); // the truth, as far as it was told
  #shown = new Map<string, Row>(); // with overlays, as of the last publication
  #overlays: Overlay[] = [];
  #counts = noCounts;
  #shownCounts = noCounts;
  #dirty = new Set<string>();
  #due = false;

  #version = 1;
  #keyVersions = new Map<string, number>(); // when a key of any row changed last; '': rows came or went
  #arranged = new Map<string, Arranged>();
  #listeners = new Set<() => void>();
  #rowListeners = new Map<string, Set<() => void>>();
  #loaded = false;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** get is what is shown of a torrent. */
  get(id: string): Row | undefined {
    return this.#shown.get(id);
  }

  /** size is how many torrents there are. */
  get size(): number {
    return this.#shown.size;
  }

  /** loaded reports whether the list was there once. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** counts are those of the daemon, however a view cuts the list. */
  readonly counts = (): Counts => this.#shownCounts;

  /** load takes a whole list, and publishes it at once. Rows that are as they were stay
   *  the same objects. */
  load(page: Pick<TorrentPage, 'items' | 'counts'>): void {
    const old = this.#known;
    this.#known = new Map();
    for (const t of page.items) {
      const was = old.get(t.id);
      this.#known.set(t.id, was && was.revision === t.revision && sameRow(was, t) ? was : t);
      this.#dirty.add(t.id);
    }
    for (const id of old.keys()) if (!this.#known.has(id)) this.#dirty.add(id);
    this.#counts = page.counts ?? noCounts;
    this.#loaded = true;
    this.#publish();
  }

  /** apply takes what has changed. */
  apply(ev: RowsEvent): void {
    for (const id of ev.removed) {
      this.#known.delete(id);
      this.#dirty.add(id);
    }
    for (const change of ev.rows) this.#take(change);
    if (ev.counts) this.#counts = ev.counts;
    this.#schedule();
  }

  /** put takes the whole of one torrent, as an answer has it, unless a newer one is
   *  there. */
  put(t: Torrent): void {
    const was = this.#known.get(t.id);
    if (was && was.revision > t.revision) return;
    this.#take(t);
    this.#schedule();
  }

  #take(change: Partial<Torrent> & { id: string }): void {
    const was = this.#known.get(change.id);
    // A torrent that is not known is told in full.
    if (!was && change.name === undefined) return;
    this.#known.set(change.id, { ...(was as Row), ...change });
    this.#dirty.add(change.id);
    this.#heed(change);
  }

  /** heed drops of overlays what the daemon has spoken about. */
  #heed(change: Partial<Torrent> & { id: string }): void {
    if (this.#overlays.length === 0) return;
    for (const o of this.#overlays) {
      if (o.id !== change.id) continue;
      o.patch = Object.fromEntries(Object.entries(o.patch).filter(([k]) => !(k in change)));
    }
    this.#overlays = this.#overlays.filter((o) => Object.keys(o.patch).length > 0);
  }

  /** overlay shows a torrent as it will be, until the daemon says how it is or undo is
   *  called. It is published at once. */
  overlay(id: string, patch: Partial<Torrent>): () => void {
    const o = { id, patch };
    this.#overlays.push(o);
    this.#dirty.add(id);
    this.#publish();
    return () => {
      if (!this.#overlays.includes(o)) return;
      this.#overlays = this.#overlays.filter((x) => x !== o);
      this.#dirty.add(id);
      this.#publish();
    };
  }

  #schedule(): void {
    if (this.#due) return;
    this.#due = true;
    const publish = () => {
      this.#due = false;
      this.#publish();
    };
    this.#pace.later(() => (this.#pace.hidden() ? this.#pace.shown(publish) : publish()), interval);
  }

  #publish(): void {
    const version = ++this.#version;
    const told = new Set<() => void>();
    for (const id of this.#dirty) {
      if (!this.#show(id, version)) continue;
      for (const fn of this.#rowListeners.get(id) ?? []) told.add(fn);
    }
    this.#dirty.clear();
    this.#shownCounts = this.#counts;
    for (const fn of this.#listeners) told.add(fn);
    for (const fn of told) fn();
  }

  /** show publishes one row, and reports whether it is another one. */
  #show(id: string, version: number): boolean {
    const was = this.#shown.get(id);
    let row = this.#known.get(id);
    if (!row) {
      if (!was) return false;
      this.#shown.delete(id);
      this.#keyVersions.set('', version);
      return true;
    }
    for (const o of this.#overlays) if (o.id === id) row = { ...row, ...o.patch };
    if (row === was) return false;
    this.#shown.set(id, row);
    if (!was) this.#keyVersions.set('', version);
    else for (const k in row) if (row[k as keyof Row] !== was[k as keyof Row]) this.#keyVersions.set(k, version);
    return true;
  }

  /** ids are the torrents of a view in its order. It is the same array until it has
   *  other ids. */
  ids(view: View): readonly string[] {
    const key = viewKey(view);
    const had = this.#arranged.get(key);
    if (had && !this.#changedSince(had.version, view)) return had.ids;
    const ids = arrange([...this.#shown.values()], view);
    const now = { version: this.#version, ids: had && same(had.ids, ids) ? had.ids : ids };
    this.#arranged.delete(key);
    this.#arranged.set(key, now);
    if (this.#arranged.size > 8) this.#arranged.delete(this.#arranged.keys().next().value ?? '');
    return now.ids;
  }

  #changedSince(version: number, view: View): boolean {
    if ((this.#keyVersions.get('') ?? 0) > version) return true;
    for (const k of dependsOn(view)) if ((this.#keyVersions.get(k) ?? 0) > version) return true;
    return false;
  }

  /** subscribe has fn called after each publication. */
  readonly subscribe = (fn: () => void): (() => void) => {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  };

  /** subscribeRow has fn called when another row is shown of a torrent. */
  subscribeRow(id: string, fn: () => void): () => void {
    const set = this.#rowListeners.get(id) ?? new Set();
    this.#rowListeners.set(id, set.add(fn));
    return () => {
      set.delete(fn);
      if (set.size === 0) this.#rowListeners.delete(id);
    };
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}

/** sameRow: a revision is of one run of the daemon, another run may use it again. */
function sameRow(a: Row, b: Row): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
