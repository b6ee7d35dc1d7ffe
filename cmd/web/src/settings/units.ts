// Rates and spans as people type them.

const powers: Record<string, number> = { '': 2 ** 20, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** The largest rate that the daemon takes, in bytes per second. */
const mostRate = 1e12;

/**
 * readRate reads "5", "5 MiB/s", "500 kB", "1.5M", "10 Mbit" and "none", in bytes per
 * second; 0 is no limit. A number alone is MiB/s, as it is shown. undefined: it is none
 * of these.
 */
export function readRate(text: string): number | undefined {
  const t = text.trim().toLowerCase().replace(',', '.');
  if (t === '' || t === '0' || t === 'none' || t === 'no limit' || t === '∞') return 0;
  const bits = /^(\d+(?:\.\d+)?)\s*([kmg])bit(?:\/s)?$/.exec(t);
  if (bits) return bounded((Number(bits[1]) * 1000 ** 'kmg'.indexOf(bits[2] ?? 'k') * 1000) / 8);
  const m = /^(\d+(?:\.\d+)?)\s*(b|[kmg](?:i?b)?|)(?:\/s)?$/.exec(t);
  if (!m) return undefined;
  return bounded(Number(m[1]) * (powers[(m[2] ?? '').slice(0, 1)] ?? 1));
}

function bounded(rate: number): number | undefined {
  const whole = Math.round(rate);
  return whole >= 0 && whole <= mostRate ? whole : undefined;
}

/** writeRate is a rate as readRate reads it, to the byte where that is not too long. */
export function writeRate(rate: number): string {
  if (rate <= 0) return '';
  for (const [unit, power] of [['GiB/s', 2 ** 30], ['MiB/s', 2 ** 20], ['KiB/s', 2 ** 10]] as const) {
    if (rate < power) continue;
    const x = rate / power;
    const short = Number(x.toFixed(3));
    if (Math.round(short * power) === rate) return `${short} ${unit}`;
  }
  return `${rate} B/s`;
}

const spans: [string, number][] = [['w', 604_800], ['d', 86_400], ['h', 3600], ['m', 60], ['s', 1]];
const mostSpan = 3_155_760_000; // a hundred years

/** readSpan reads "90m", "2 d 4 h", "45" (minutes) and "none", in seconds; 0 is no limit. */
export function readSpan(text: string): number | undefined {
  const t = text.trim().toLowerCase();
  if (t === '' || t === 'none' || t === '∞') return 0;
  if (/^\d+$/.test(t)) return Number(t) * 60 <= mostSpan ? Number(t) * 60 : undefined;
  if (!/^(\d+\s*[wdhms]\s*)+$/.test(t)) return undefined;
  let sum = 0;
  for (const m of t.matchAll(/(\d+)\s*([wdhms])/g)) sum += Number(m[1]) * (spans.find(([u]) => u === m[2])?.[1] ?? 0);
  return sum <= mostSpan ? sum : undefined;
}

/** writeSpan is a span as readSpan reads it. */
export function writeSpan(seconds: number): string {
  const parts: string[] = [];
  let left = seconds;
  for (const [unit, n] of spans) {
    const k = Math.floor(left / n);
    left -= k * n;
    if (k > 0) parts.push(`${k} ${unit}`);
  }
  return parts.join(' ');
}
