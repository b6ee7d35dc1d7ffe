// Spans as people type them.

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
