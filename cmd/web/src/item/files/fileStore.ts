// The files of one torrent outside React: pages come in one after the other, events
// change single files, and whoever shows them is told a few times a second at most.
import type { FilePage, Priority, TorrentFile } from '../../api/types';
import { FileTree } from './tree';

/** What a page of files is asked for with; nothing: the first. */
export type FetchPage = (cursor: string | undefined, limit: number) => Promise<FilePage>;

/** Each page costs the daemon a look at all files, so that there should not be many. */
const pageSize = 10_000;

/** The first page is smaller: it fills the screen. */
const firstPage = 500;

/** So many files are sorted in at a stretch: a few milliseconds. */
const atOnce = 1_000;

/** No more often is it told that something has changed, in milliseconds. */
const tellEvery = 100;

export interface FilesState {
  readonly tree: FileTree;
  /** Counts up with each change of the tree, which itself stays the same object. */
  readonly version: number;
  readonly total: number;
  readonly loading: boolean;
  readonly problem: unknown;
}

export class FileStore {
  #tree = new FileTree();
  #state: FilesState = { tree: this.#tree, version: 0, total: 0, loading: true, problem: undefined };
  #told = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #run = 0;
  readonly #fetchPage: FetchPage;
  readonly #breathe: () => Promise<void>;

  /** breathe lets the page draw and take keys between two stretches of work. */
  constructor(fetchPage: FetchPage, breathe: () => Promise<void> = nextTask) {
    this.#fetchPage = fetchPage;
    this.#breathe = breathe;
  }

  readonly subscribe = (fn: () => void): (() => void) => {
    this.#told.add(fn);
    return () => {
      this.#told.delete(fn);
    };
  };

  readonly state = (): FilesState => this.#state;

  /**
   * load asks for all pages, into a new tree: what is shown stays until the first has
   * come. A load that begins later, or stop, ends it.
   */
  async load(): Promise<void> {
    const run = ++this.#run;
    this.#set({ loading: true, problem: undefined });
    const again = this.#tree.size > 0;
    const tree = again ? new FileTree() : this.#tree;
    let cursor: string | undefined;
    try {
      do {
        const page = await this.#fetchPage(cursor, cursor === undefined && !again ? firstPage : pageSize);
        if (run !== this.#run) {
          return;
        }
        cursor = page.next ?? undefined;
        for (let at = 0; at < page.items.length; at += atOnce) {
          page.items.slice(at, at + atOnce).forEach((f) => tree.put(f));
          if (!again) {
            this.#set({ total: page.total }, tree.size <= firstPage);
          }
          await this.#breathe();
          if (run !== this.#run) {
            return;
          }
        }
      } while (cursor !== undefined);
      this.#tree = tree;
      this.#set({ tree, total: tree.size, loading: false });
    } catch (problem) {
      if (run === this.#run) {
        this.#set({ loading: false, problem });
      }
    }
  }

  stop(): void {
    this.#run++;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** apply takes in an event: entries with an index and the keys that changed. now: it is told at once. */
  apply(entries: readonly Partial<TorrentFile>[], now = false): void {
    let moved = now;
    for (const entry of entries) {
      const was = entry.index === undefined ? undefined : this.#tree.leaf(entry.index)?.file;
      if (was) {
        moved ||= entry.path !== undefined && entry.path !== was.path;
        this.#tree.put({ ...was, ...entry });
      } else if (isWhole(entry)) {
        this.#tree.put(entry);
      }
    }
    this.#set({ total: Math.max(this.#state.total, this.#tree.size) }, moved);
  }

  /** prefer gives files a priority before the daemon has agreed; the result takes that back. */
  prefer(files: readonly TorrentFile[], priority: Priority): () => void {
    const was = files.map((f) => ({ index: f.index, priority: f.priority }));
    this.apply(files.map((f) => ({ index: f.index, priority })), true);
    return () => {
      this.apply(was, true);
    };
  }

  #set(change: Partial<FilesState>, now = true): void {
    this.#state = { ...this.#state, ...change, version: this.#state.version + 1 };
    if (now) {
      clearTimeout(this.#timer);
      this.#tell();
    } else {
      this.#timer ??= setTimeout(() => this.#tell(), tellEvery);
    }
  }

  #tell(): void {
    this.#timer = undefined;
    this.#told.forEach((fn) => fn());
  }
}

function nextTask(): Promise<void> {
  return new Promise((done) => setTimeout(done));
}

function isWhole(f: Partial<TorrentFile>): f is TorrentFile {
  return f.index !== undefined && f.path !== undefined && f.length !== undefined && f.priority !== undefined && f.verified !== undefined;
}
