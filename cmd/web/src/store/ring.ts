/** Rates by second, the newest last. */
export interface RateHistory {
  /** Seconds between two values. */
  interval: number;
  down: readonly number[];
  up: readonly number[];
}

/** Ring keeps the rates of the last seconds. Rates that nobody told of anew are as they
 *  were. */
export class Ring {
  readonly #size: number;
  #down: number[] = [];
  #up: number[] = [];
  #last = 0; // the second of the newest value

  constructor(size: number) {
    this.#size = size;
  }

  /** load takes values up to now (ms). */
  load(down: readonly number[], up: readonly number[], now: number): void {
    this.#down = down.slice(-this.#size);
    this.#up = up.slice(-this.#size);
    this.#last = Math.floor(now / 1000);
  }

  /** pass has the seconds up to now (ms) be as the newest. */
  pass(now: number): void {
    const second = Math.floor(now / 1000);
    const gap = Math.min(second - this.#last, this.#size);
    this.#last = second; // even if the clock was set back
    for (let i = 0; i < gap; i++) {
      this.#down.push(this.#down.at(-1) ?? 0);
      this.#up.push(this.#up.at(-1) ?? 0);
    }
    this.#down.splice(0, this.#down.length - this.#size);
    this.#up.splice(0, this.#up.length - this.#size);
  }

  /** add takes the rates of now (ms), in place of those that its second has. */
  add(now: number, down: number, up: number): void {
    this.pass(now);
    const at = Math.max(this.#down.length - 1, 0);
    this.#down[at] = down;
    this.#up[at] = up;
  }

  get(): RateHistory {
    return { interval: 1, down: [...this.#down], up: [...this.#up] };
  }
}
