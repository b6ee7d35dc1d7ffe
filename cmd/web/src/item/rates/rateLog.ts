// The rates of torrents over the last minutes. The daemon keeps them of all torrents
// together only, so that those of one are collected here, from when it is opened.

/** One second of a torrent. */
export interface Sample {
  /** Seconds since 1970. */
  at: number;
  down: number;
  up: number;
}

/** An hour, at a sample a second. */
const most = 3600;

/** Of so many torrents the samples are kept, those looked at last. */
const mostTorrents = 20;

const none: readonly Sample[] = [];

export class RateLog {
  readonly #byId = new Map<string, readonly Sample[]>();

  /** add notes the rates at a moment; within one second the last ones count. */
  add(id: string, at: number, down: number, up: number): void {
    const second = Math.floor(at);
    const was = this.of(id);
    const last = was.at(-1);
    if (last && second < last.at) {
      return; // the clock was set back
    }
    const kept = last?.at === second ? was.slice(0, -1) : was;
    this.#byId.delete(id); // so that it becomes the newest
    this.#byId.set(id, [...kept.slice(-(most - 1)), { at: second, down, up }]);
    for (const old of this.#byId.keys()) {
      if (this.#byId.size <= mostTorrents) {
        break;
      }
      this.#byId.delete(old);
    }
  }

  /** of are the samples of a torrent, the newest last; another array after each change. */
  of(id: string): readonly Sample[] {
    return this.#byId.get(id) ?? none;
  }
}

/** A pause longer than this, in seconds, is a gap in the graph: nobody looked. */
const gap = 5;

/** columns are samples as the graph takes them: times, down, up; with nulls where nobody looked. */
export function columns(samples: readonly Sample[]): [number[], (number | null)[], (number | null)[]] {
  const at: number[] = [];
  const down: (number | null)[] = [];
  const up: (number | null)[] = [];
  let last: Sample | undefined;
  for (const s of samples) {
    if (last && s.at - last.at > gap) {
      at.push(last.at + 1);
      down.push(null);
      up.push(null);
    }
    at.push(s.at);
    down.push(s.down);
    up.push(s.up);
    last = s;
  }
  return [at, down, up];
}

export interface Digest {
  from: number;
  to: number;
  downNow: number;
  upNow: number;
  downMost: number;
  upMost: number;
  downMean: number;
  upMean: number;
}

/** digest is the graph in numbers, for those who do not see it; nothing without samples. */
export function digest(samples: readonly Sample[]): Digest | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last) {
    return undefined;
  }
  const sum = samples.reduce((s, x) => ({ down: s.down + x.down, up: s.up + x.up }), { down: 0, up: 0 });
  return {
    from: first.at,
    to: last.at,
    downNow: last.down,
    upNow: last.up,
    downMost: samples.reduce((n, s) => Math.max(n, s.down), 0),
    upMost: samples.reduce((n, s) => Math.max(n, s.up), 0),
    downMean: Math.round(sum.down / samples.length),
    upMean: Math.round(sum.up / samples.length),
  };
}
