// Rates as people type them.

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
  kbit: 125,
  mbit: 125e3,
  gbit: 125e6,
};

/** The most that the daemon takes, bytes per second. */
export const mostRate = 1e12;

/**
 * parseRate reads a rate as people write it: `500` is KiB, `2 MiB/s`, `1,5m`, `10 Mbit`; empty, 0 and `none` are no limit. null: it is none
 * of these.
 */
export function parseRate(text: string): number | null {
  if (/^\s*(none|no limit|∞)\s*$/i.test(text)) return 0;
  const m = /^\s*(\d{1,12}(?:[.,]\d{1,6})?)?\s*([a-z]{0,4})(?:\/s|ps)?\s*$/i.exec(text);
  if (m === null) return null;
  const unit = units[(m[2] ?? '').toLowerCase()];
  if (unit === undefined) return null;
  if (m[1] === undefined) return m[2] === '' ? 0 : null;
  const n = Math.round(Number(m[1].replace(',', '.')) * unit);
  return n <= mostRate ? n : null;
}

/** rateText is a rate as parseRate reads it, without loss where it is a round one. */
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
