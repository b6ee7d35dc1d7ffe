/** What a key does. */
export interface Binding {
  label: string;
  run: (e: KeyboardEvent) => void;
  /** Only while it is true; without it, always. */
  when?: () => boolean;
}

/** Bindings by key: 'a', 'Delete', ' ', 'Ctrl+a', 'Shift+ArrowDown', or a sequence 'g l'. */
export type Bindings = Record<string, Binding>;

export interface Scope {
  name: string;
  layer: number;
  bindings: () => Bindings;
}

/** How long the second key of a sequence may take, in ms. */
const patience = 1500;

/** Registry knows which key does what now. A dialog is a layer: while it is open, only
 *  what belongs to it, or to one above, is heard. */
export class Registry {
  #scopes: Scope[] = [];
  #layers: number[] = [];
  #pending = '';
  #pendingSince = 0;

  add(scope: Scope): () => void {
    this.#scopes.push(scope);
    return () => {
      this.#scopes = this.#scopes.filter((s) => s !== scope);
    };
  }

  /** open begins a layer, until the answer is called. */
  open(layer: number): () => void {
    this.#layers.push(layer);
    return () => {
      this.#layers.splice(this.#layers.lastIndexOf(layer), 1);
    };
  }

  #top(): number {
    return Math.max(0, ...this.#layers);
  }

  /** all are the scopes that are heard now, the last one first. */
  all(): Scope[] {
    const top = this.#top();
    return this.#scopes.filter((s) => s.layer === top).reverse();
  }

  /** press carries out what a key does, and reports whether it did anything. now is in
   *  ms. */
  press(e: KeyboardEvent, now: number): boolean {
    if (e.defaultPrevented || e.isComposing || inField(e)) return false;
    const key = nameOf(e);
    const before = now - this.#pendingSince < patience ? this.#pending : '';
    this.#pending = '';
    const scopes = this.all();
    if (before !== '' && this.#run(scopes, `${before} ${key}`, e)) return true;
    if (this.#run(scopes, key, e)) return true;
    if (scopes.some((s) => Object.keys(s.bindings()).some((k) => k.startsWith(key + ' ')))) {
      this.#pending = key;
      this.#pendingSince = now;
    }
    return false;
  }

  #run(scopes: Scope[], key: string, e: KeyboardEvent): boolean {
    for (const s of scopes) {
      const b = s.bindings()[key];
      if (!b || (b.when && !b.when())) continue;
      e.preventDefault();
      b.run(e);
      return true;
    }
    return false;
  }
}

/** nameOf is a key with its modifiers. Of signs, shift is a part: '?' is '?'. */
export function nameOf(e: KeyboardEvent): string {
  const sign = e.key.length === 1 && e.key !== ' ';
  const parts = [e.ctrlKey || e.metaKey ? 'Ctrl' : '', e.altKey ? 'Alt' : '', e.shiftKey && !sign ? 'Shift' : ''];
  return [...parts.filter(Boolean), e.key].join('+');
}

/** inField reports whether a key is for a text field. */
function inField(e: KeyboardEvent): boolean {
  const t = e.composedPath()[0];
  if (!(t instanceof HTMLElement)) return false;
  if (t.isContentEditable || t instanceof HTMLTextAreaElement || t instanceof HTMLSelectElement) return true;
  return t instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit', 'range', 'color', 'file'].includes(t.type);
}
