let formats: { time: Intl.DateTimeFormat; day: Intl.DateTimeFormat; year: Intl.DateTimeFormat } | undefined;

/** A moment as short as it can be told: the time of today, else the day, and the year if it is another one. */
export function moment(date: string, now: number): string {
  const d = new Date(date);
  if (Number.isNaN(d.getTime())) return '';
  formats ??= {
    time: new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }),
    day: new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' }),
    year: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }),
  };
  const today = new Date(now);
  if (d.toDateString() === today.toDateString()) return formats.time.format(d);
  return (d.getFullYear() === today.getFullYear() ? formats.day : formats.year).format(d);
}
