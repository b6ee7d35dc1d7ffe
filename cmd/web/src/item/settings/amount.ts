// Spans and ratios as people type them.

const spans: Readonly<Record<string, number>> = { s: 1, min: 60, m: 60, h: 3600, d: 86400, w: 604800 };

/** A hundred years, as the API has it. */
const mostSpan = 3_155_760_000;

/** readSpan reads a time in seconds: `90 min`, `2h`, `1 d 12 h`. A bare number is minutes. undefined: it cannot be read. */
export function readSpan(text: string): number | undefined {
  const t = text.trim().toLowerCase();
  if (!/^\d{1,10}(?:[.,]\d{1,3})?$|^(?:\d{1,10}(?:[.,]\d{1,3})?\s*(?:s|min|m|h|d|w)\s*)+$/.test(t)) {
    return undefined;
  }
  let sum = 0;
  for (const [, n, unit] of t.matchAll(/(\d+(?:[.,]\d+)?)\s*(min|s|m|h|d|w)?/g)) {
    sum += Number((n as string).replace(',', '.')) * (spans[unit ?? 'min'] as number);
  }
  const seconds = Math.round(sum);
  return seconds <= mostSpan ? seconds : undefined;
}

/** spanToText writes a time so that readSpan reads the same. */
export function spanToText(seconds: number): string {
  const parts: string[] = [];
  let left = seconds;
  for (const [unit, size] of [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]] as const) {
    const n = Math.floor(left / size);
    if (n > 0) {
      parts.push(`${n} ${unit}`);
    }
    left -= n * size;
  }
  return parts.length > 0 ? parts.join(' ') : '0 min';
}

/** readRatio reads a ratio; undefined: it cannot be read. */
export function readRatio(text: string): number | undefined {
  const t = text.trim().replace(',', '.');
  const n = /^\d{1,7}(\.\d{1,4})?$/.test(t) ? Number(t) : NaN;
  return n <= 1_000_000 ? n : undefined;
}
