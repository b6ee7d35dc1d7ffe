// Numbers and times as the browser's language writes them. Formatters are dear to make,
// so each is made once.

const locale = undefined; // the browser's

const cache = new Map<string, Intl.NumberFormat>();

function number(digits: number, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const key = digits + JSON.stringify(options);
  let f = cache.get(key);
  if (!f) {
    f = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, ...options });
    cache.set(key, f);
  }
  return f;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** bytes: 1536 is "1.5 KiB". Three digits, so that columns stay calm. */
export function bytes(n: number): string {
  if (!Number.isFinite(n)) return '–';
  let unit = 0;
  let x = Math.abs(n);
  while (x >= 999.5 && unit < units.length - 1) {
    x /= 1024;
    unit++;
  }
  const digits = unit === 0 || x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2;
  return `${number(digits).format(n < 0 ? -x : x)} ${units[unit] ?? ''}`;
}

/** rate: bytes per second; nothing moves is "". */
export function rate(n: number): string {
  return n > 0 ? `${bytes(n)}/s` : '';
}

/** count: 12345 is "12,345". */
export function count(n: number): string {
  return number(0).format(n);
}

/** percent: 0.4567 is "45.7 %". It says 100 % only of the whole, and 0 % only of nothing. */
export function percent(x: number): string {
  if (x >= 1) return number(0, { style: 'percent' }).format(1);
  const shown = Math.min(Math.max(x, 0), 0.999);
  return number(1, { style: 'percent' }).format(shown > 0 && shown < 0.001 ? 0.001 : Math.floor(shown * 1000) / 1000);
}

/** ratio: two digits after the point. */
export function ratio(x: number): string {
  return number(2).format(x);
}

const steps: [name: string, seconds: number][] = [
  ['y', 365 * 86400],
  ['d', 86400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** span: seconds in the two greatest units, "3 h 20 m"; null: nobody knows, "∞". */
export function span(s: number | null | undefined): string {
  if (s === null || s === undefined || !Number.isFinite(s)) return '∞';
  let left = Math.max(0, Math.round(s));
  const at = steps.findIndex(([, n]) => left >= n);
  if (at < 0) return '0 s';
  const parts: string[] = [];
  for (const [name, n] of steps.slice(at, at + 2)) {
    const k = Math.floor(left / n);
    left -= k * n;
    if (k > 0) parts.push(`${count(k)} ${name}`);
  }
  return parts.join(' ');
}

let dates: Intl.DateTimeFormat | undefined;

/** when: day and minute of a time; null is "". */
export function when(date: string | number | Date | null | undefined): string {
  if (date === null || date === undefined) return '';
  const d = new Date(date);
  if (Number.isNaN(d.getTime())) return '';
  dates ??= new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  return dates.format(d);
}
