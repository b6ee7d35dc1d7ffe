import type { Preview, Torrent } from '../api/types';
import { ApiProblem, toProblem } from '../api/problem';
import { Cell } from '../store/cell';
import { parseSources, type Source } from './sources';
import { wishes } from './tree';

// What is about to be added. It lives outside React: things come by drop and paste while
// no sheet is open.

export type Phase =
  | 'waiting' // for its turn to be looked into
  | 'looking'
  | 'ready' // to be added; what is inside may be unknown
  | 'refused' // it cannot be added as it is
  | 'adding'
  | 'added'
  | 'existing'; // it was there

/** One torrent of a batch. */
export interface Item {
  /** It names the request, too: sent twice it adds once. */
  key: string;
  kind: Source['kind'] | 'file';
  /** What it is called until it is known; text of a stranger. */
  label: string;
  source?: string;
  file?: File;
  phase: Phase;
  /** What is inside; undefined: nobody knows yet. */
  preview?: Preview;
  /** Why the last thing that was tried failed. */
  problem?: ApiProblem;
  /** Indices of files that are not wanted. */
  skipped: ReadonlySet<number>;
}

export type Begin = 'turn' | 'first' | 'now' | 'paused';

/** What holds for all of a batch. */
export interface Options {
  /** "" is the daemon's own choice. */
  dir: string;
  labels: string[];
  begin: Begin;
  sequential: boolean;
}

/** What a batch needs of the daemon; tests have their own. Both throw an ApiProblem. */
export interface BatchIO {
  look(item: Item, signal: AbortSignal): Promise<Preview>;
  add(item: Item, options: Record<string, unknown>): Promise<{ torrent: Torrent; existing: boolean }>;
  /** first puts torrents before all that wait, the first of them first. */
  first(ids: readonly string[]): Promise<unknown>;
  newKey(): string;
  /** Bytes that the daemon takes of a .torrent. */
  limit(): number;
}

/** Looks at a time: a link may take long, and browsers have six connections. */
const looks = 3;
/** The most in one batch. */
export const mostItems = 500;

/** What came of an attempt to add a batch. */
export interface Outcome {
  added: Torrent[];
  existing: Item[];
  refused: Item[];
}

export class Batch {
  readonly items = new Cell<readonly Item[]>([]);
  readonly #io: BatchIO;
  readonly #looking = new Map<string, AbortController>();
  #adding = false;

  constructor(io: BatchIO) {
    this.#io = io;
  }

  /** offerText takes a text apart, and answers what was found. */
  offerText(text: string) {
    const parsed = parseSources(text);
    const known = new Set(this.items.get().map((i) => i.source));
    const taken = this.#take(parsed.sources.filter((s) => !known.has(s.source)).map((s) => ({ kind: s.kind, label: s.label, source: s.source })));
    return { ...parsed, more: parsed.more || !taken };
  }

  /** offerFiles takes .torrent files, and reports whether there was room for all. */
  offerFiles(files: readonly File[]): boolean {
    return this.#take(files.map((file) => ({ kind: 'file' as const, label: file.name, file })));
  }

  #take(found: Pick<Item, 'kind' | 'label' | 'source' | 'file'>[]): boolean {
    const room = mostItems - this.items.get().length;
    const made = found.slice(0, room).map((f): Item => ({ ...f, key: this.#io.newKey(), skipped: new Set(), ...this.#judge(f.file) }));
    this.items.set([...this.items.get(), ...made]);
    this.#next();
    return found.length <= room;
  }

  /** judge knows before the daemon what it would not take. */
  #judge(file: File | undefined): Pick<Item, 'phase' | 'problem'> {
    if (!file || file.size <= this.#io.limit()) return { phase: 'waiting' };
    return { phase: 'refused', problem: new ApiProblem({ status: 413, code: 'too_large', detail: 'the daemon takes .torrent files up to 64 MiB' }) };
  }

  change(key: string, change: Partial<Item>): void {
    this.items.set(this.items.get().map((i) => (i.key === key ? { ...i, ...change } : i)));
  }

  #get(key: string): Item | undefined {
    return this.items.get().find((i) => i.key === key);
  }

  /** drop takes one out. */
  drop(key: string): void {
    this.#looking.get(key)?.abort();
    this.items.set(this.items.get().filter((i) => i.key !== key));
  }

  /** clear forgets all. */
  clear(): void {
    this.#stopLooking();
    this.items.set([]);
  }

  /** retry has one looked into once more. */
  retry(key: string): void {
    const i = this.#get(key);
    if (i?.phase !== 'refused' && i?.phase !== 'ready') return;
    this.change(key, { phase: 'waiting', problem: undefined });
    this.#next();
  }

  #stopLooking(): void {
    for (const a of this.#looking.values()) a.abort();
    this.#looking.clear();
  }

  #next(): void {
    if (this.#adding) return;
    for (const i of this.items.get()) {
      if (this.#looking.size >= looks) return;
      if (i.phase === 'waiting') void this.#look(i);
    }
  }

  async #look(item: Item): Promise<void> {
    const abort = new AbortController();
    this.#looking.set(item.key, abort);
    this.change(item.key, { phase: 'looking' });
    try {
      const preview = await this.#io.look(item, abort.signal);
      if (!abort.signal.aborted) this.change(item.key, { phase: preview.existing ? 'existing' : 'ready', preview });
    } catch (e) {
      if (!abort.signal.aborted) this.change(item.key, { ...unseen(item, toProblem(e)) });
    }
    if (this.#looking.get(item.key) === abort) this.#looking.delete(item.key);
    this.#next();
  }

  /** addAll adds, in order, what can be added. */
  async addAll(options: Options): Promise<Outcome> {
    this.#adding = true;
    // A link that is looked for belongs to that request until it ends.
    this.#stopLooking();
    const out: Outcome = { added: [], existing: this.items.get().filter((i) => i.phase === 'existing'), refused: [] };
    for (const { key } of this.items.get()) await this.#add(key, options, out);
    if (options.begin === 'first' && out.added.length > 0) await this.#io.first(out.added.map((t) => t.id));
    this.#adding = false;
    this.#next();
    return out;
  }

  async #add(key: string, options: Options, out: Outcome): Promise<void> {
    const item = this.#get(key); // it may have been taken out meanwhile
    if (!item || item.phase === 'existing' || item.phase === 'added' || (item.phase === 'refused' && hopeless(item))) return;
    this.change(key, { phase: 'adding', problem: undefined });
    try {
      const { torrent, existing } = await this.#io.add(item, bodyOf(item, options));
      this.change(key, { phase: existing ? 'existing' : 'added' });
      if (existing) out.existing.push(item);
      else out.added.push(torrent);
    } catch (e) {
      this.change(key, { phase: 'refused', problem: toProblem(e) });
      out.refused.push(item);
    }
  }
}

/** unseen is an item that could not be looked into. Nobody knowing what a link leads to is
 *  no reason not to add it: somebody may come. */
function unseen(item: Item, problem: ApiProblem): Partial<Item> {
  if (problem.status === 409 && item.kind !== 'file') return { phase: 'existing', problem: undefined };
  const link = item.kind === 'magnet' || item.kind === 'hash';
  return { phase: link && (problem.code === 'no_metadata' || problem.status === 504) ? 'ready' : 'refused', problem };
}

/** hopeless reports whether the same again must fail. */
export function hopeless(i: Item): boolean {
  return i.problem !== undefined && [413, 415, 422].includes(i.problem.status);
}

/** bodyOf are the options of one torrent as the API takes them; what is not said is the
 *  daemon's choice. */
export function bodyOf(i: Item, o: Options): Record<string, unknown> {
  const skip = wishes(i.skipped);
  return {
    ...(o.dir !== '' && { dir: o.dir }),
    ...(o.labels.length > 0 && { labels: o.labels }),
    ...(o.begin === 'paused' && { paused: true }),
    ...(o.begin === 'now' && { start: true }),
    ...(o.sequential && { sequential: true }),
    ...(skip.length > 0 && { priorities: skip }),
  };
}

/** sizes sums up what a batch will take; unknown: of so many nobody knows. */
export function sizes(items: readonly Item[]): { torrents: number; bytes: number; unknown: number } {
  const out = { torrents: 0, bytes: 0, unknown: 0 };
  for (const i of items) {
    if (i.phase === 'existing' || i.phase === 'added' || (i.phase === 'refused' && hopeless(i))) continue;
    out.torrents++;
    if (i.preview) out.bytes += wantedOf(i);
    else out.unknown++;
  }
  return out;
}

/** wantedOf are the bytes of the files that are wanted. */
export function wantedOf(i: Item): number {
  let n = 0;
  for (const f of i.preview?.files ?? []) if (!i.skipped.has(f.index)) n += f.length;
  return n;
}
