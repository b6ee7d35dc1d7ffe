/** How a step of the cursor treats what is selected: leave it, or stretch it from where the stretch began. */
export type Reach = 'plain' | 'stretch';

/**
 * Which rows are selected, and where the cursor is. It is outside React so that a step renders two rows and not all of them.
 * Rows are known by id: a row that changes its place stays selected, and the cursor stays on it.
 */
export class Selection {
  #selected: ReadonlySet<string> = new Set<string>();
  #cursor: string | null = null;
  #anchor: string | null = null;
  #place = 0;
  readonly #listeners = new Set<() => void>();

  /** The rows that are selected; another object after each change. */
  get selected(): ReadonlySet<string> {
    return this.#selected;
  }

  get cursor(): string | null {
    return this.#cursor;
  }

  has(id: string): boolean {
    return this.#selected.has(id);
  }

  /** What a verb acts on: the selected rows in the order of the list, or else the one under the cursor. */
  targets(ids: readonly string[]): string[] {
    if (this.#selected.size > 0) return ids.filter((id) => this.#selected.has(id));
    return this.#cursor === null ? [] : [this.#cursor];
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Moves the cursor by a number of rows; from nowhere, onto the first or the last one. */
  step(ids: readonly string[], by: number, reach: Reach): void {
    const at = this.#cursor === null ? -1 : ids.indexOf(this.#cursor);
    const from = at < 0 && by < 0 ? ids.length : at;
    this.go(ids, from + by, reach);
  }

  /** Moves the cursor to a place, or as near as there is a row. */
  go(ids: readonly string[], place: number, reach: Reach): void {
    const at = Math.max(0, Math.min(ids.length - 1, place));
    const id = ids[at];
    if (id === undefined) return;
    if (reach === 'stretch') this.#stretch(ids, at);
    else this.#anchor = id;
    this.#cursor = id;
    this.#place = at;
    this.#changed();
  }

  /** A click: plain selects nothing but moves; with ctrl it adds or takes one; with shift it stretches. */
  click(ids: readonly string[], id: string, keys: { shift: boolean; ctrl: boolean }): void {
    if (keys.ctrl) {
      if (this.#selected.size === 0 && this.#cursor !== null && this.#cursor !== id && ids.includes(this.#cursor)) {
        // The row that was clicked before looks chosen: who adds to it expects it in the batch.
        this.#selected = new Set([this.#cursor]);
      }
      this.toggle(ids, id);
      return;
    }
    if (!keys.shift) this.#selected = new Set();
    this.go(ids, ids.indexOf(id), keys.shift ? 'stretch' : 'plain');
  }

  toggle(ids: readonly string[], id: string): void {
    const next = new Set(this.#selected);
    if (!next.delete(id)) next.add(id);
    this.#selected = next;
    this.#cursor = this.#anchor = id;
    this.#place = Math.max(0, ids.indexOf(id));
    this.#changed();
  }

  all(ids: readonly string[]): void {
    this.#selected = new Set(ids);
    this.#changed();
  }

  clear(): void {
    if (this.#selected.size === 0) return;
    this.#selected = new Set();
    this.#changed();
  }

  /** Forgets rows that are not in the list any more. The cursor goes to the row that took the place of its own. */
  prune(ids: readonly string[]): void {
    const here = new Set(ids);
    const kept = [...this.#selected].filter((id) => here.has(id));
    const lost = this.#cursor !== null && !here.has(this.#cursor);
    if (kept.length === this.#selected.size && !lost) {
      if (this.#cursor !== null) this.#place = ids.indexOf(this.#cursor);
      return;
    }
    if (kept.length !== this.#selected.size) this.#selected = new Set(kept);
    if (lost) this.#cursor = this.#anchor = ids[Math.min(this.#place, ids.length - 1)] ?? null;
    this.#changed();
  }

  #stretch(ids: readonly string[], to: number): void {
    const anchor = this.#anchor ?? this.#cursor;
    const from = anchor === null ? to : ids.indexOf(anchor);
    const start = from < 0 ? to : from;
    this.#anchor = ids[start] ?? null;
    this.#selected = new Set(ids.slice(Math.min(start, to), Math.max(start, to) + 1));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
