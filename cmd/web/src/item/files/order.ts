/**
 * natural compares names as people order them: case does not count, and a number
 * counts as a number (part 9 before part 10). A hundred thousand names have to be
 * sorted without a pause, which is why this is not Intl.Collator.
 */
export function natural(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(j);
    if (isDigit(x) && isDigit(y)) {
      const m = numberEnd(a, i);
      const n = numberEnd(b, j);
      const by = compareNumbers(a, i, m, b, j, n);
      if (by !== 0) {
        return by;
      }
      i = m;
      j = n;
      continue;
    }
    const by = lower(x) - lower(y);
    if (by !== 0) {
      return by;
    }
    i++;
    j++;
  }
  return a.length - i - (b.length - j) || (a < b ? -1 : a > b ? 1 : 0);
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function lower(c: number): number {
  return c >= 65 && c <= 90 ? c + 32 : c;
}

function numberEnd(s: string, from: number): number {
  let i = from;
  while (i < s.length && isDigit(s.charCodeAt(i))) {
    i++;
  }
  return i;
}

/** compareNumbers compares digits of any length: zeros before them do not count. */
function compareNumbers(a: string, from: number, to: number, b: string, start: number, end: number): number {
  let i = from;
  let j = start;
  while (i < to - 1 && a.charCodeAt(i) === 48) {
    i++;
  }
  while (j < end - 1 && b.charCodeAt(j) === 48) {
    j++;
  }
  if (to - i !== end - j) {
    return to - i - (end - j);
  }
  for (; i < to; i++, j++) {
    const by = a.charCodeAt(i) - b.charCodeAt(j);
    if (by !== 0) {
      return by;
    }
  }
  return 0;
}
