import type { Settings, Stats } from '../api/types';

type Limits = Pick<Settings, 'max_down' | 'max_up' | 'override'>;

/** Where the limits that hold come from. */
export type LimitSource = 'none' | 'always' | 'schedule' | 'override';

/**
 * Why the limits are what they are. Only the daemon knows its local time: whether a slot of the schedule holds is seen from
 * the limits that it says hold, not from our clock.
 */
export function limitSource(settings: Limits, hold: Stats['limits'], now: number): LimitSource {
  const o = settings.override.value;
  if (o !== null && Date.parse(o.until) > now) return 'override';
  if (hold.max_down !== settings.max_down.value || hold.max_up !== settings.max_up.value) return 'schedule';
  return hold.max_down === 0 && hold.max_up === 0 ? 'none' : 'always';
}

const units: Readonly<Record<string, number>> = {
  '': 1 << 10,
  b: 1,
  k: 1 << 10,
  kb: 1e3,
  kib: 1 << 10,
  m: 1 << 20,
  mb: 1e6,
  mib: 1 << 20,
  g: 2 ** 30,
  gb: 1e9,
  gib: 2 ** 30,
};

/** The most that the daemon takes, bytes per second. */
export const mostRate = 1e12;

/**
 * Reads a rate as people write it: `500` is KiB, `2 MiB/s`, `1,5m`; empty and 0 are no limit. null: it is none.
 */
export function parseRate(text: string): number | null {
  const m = /^\s*(\d{1,12}(?:[.,]\d{1,6})?)?\s*([a-z]{0,3})(?:\/s|ps)?\s*$/i.exec(text);
  if (m === null) return null;
  const unit = units[(m[2] ?? '').toLowerCase()];
  if (unit === undefined) return null;
  if (m[1] === undefined) return m[2] === '' ? 0 : null;
  const n = Math.round(Number(m[1].replace(',', '.')) * unit);
  return n <= mostRate ? n : null;
}

/** A rate as parseRate reads it, without loss where it is a round one. */
export function rateText(n: number): string {
  if (n === 0) return '';
  for (const [name, unit] of [
    ['GiB', 2 ** 30],
    ['MiB', 1 << 20],
    ['KiB', 1 << 10],
  ] as const) {
    const v = n / unit;
    if (v >= 1 && Number(v.toFixed(3)) * unit === n) return `${String(Number(v.toFixed(3)))} ${name}`;
  }
  return `${String(n)} B`;
}
