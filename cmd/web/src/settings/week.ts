import type { components } from '../api/schema';

// The schedule as a grid of the week, and back. The API has slots of days and times of
// which the last that fits wins; the grid has one cell for each half hour.

/** Slot is a part of each week in which other limits hold. */
export type Slot = components['schemas']['Slot'];

/** Limit is what holds in a cell, in bytes per second; 0 is none. */
export interface Limit {
  max_down: number;
  max_up: number;
}

/** Cell is null where the limits of all other times hold. */
export type Cell = Limit | null;

/** Week has 48 cells for each day, from Monday on. */
export type Week = readonly (readonly Cell[])[];

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const cellsADay = 48;
const minutes = 30;

export const emptyWeek = (): Week => days.map(() => Array<Cell>(cellsADay).fill(null));

/** daysOf are the days that "mon-fri,sun" means, from 0; null: it is not of that form. */
export function daysOf(text: string): number[] | null {
  if (text.trim() === '') return [0, 1, 2, 3, 4, 5, 6];
  const found = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const [first = '', last = first, ...more] = part.trim().split('-');
    const a = days.findIndex((d) => d === first);
    const b = days.findIndex((d) => d === last);
    if (a < 0 || b < 0 || more.length > 0) return null;
    for (let d = a; ; d = (d + 1) % 7) { // fri-mon goes over the weekend
      found.add(d);
      if (d === b) break;
    }
  }
  return [...found].sort((x, y) => x - y);
}

/** nameDays is the shortest text for days: runs of three and more as a range. */
export function nameDays(list: readonly number[]): string {
  const runs: number[][] = [];
  for (const d of list) {
    const run = runs.at(-1);
    if (run?.at(-1) === d - 1) run.push(d);
    else runs.push([d]);
  }
  const name = (d: number | undefined) => days[d ?? 0] ?? '';
  const parts = runs.flatMap((r) => (r.length > 2 ? [`${name(r[0])}-${name(r.at(-1))}`] : r.map(name)));
  return list.length === 7 ? '' : parts.join(',');
}

/** minuteOf is the minute of the day of "08:30", 1440 for "24:00"; -1: not a time. */
export function minuteOf(text: string): number {
  const m = /^(\d\d):(\d\d)$/.exec(text);
  if (!m) return -1;
  const at = Number(m[1]) * 60 + Number(m[2]);
  return Number(m[2]) > 59 || at > 1440 ? -1 : at;
}

/** timeOf is the text of a cell's beginning. */
export const timeOf = (cell: number): string =>
  `${String(Math.floor(cell / 2)).padStart(2, '0')}:${cell % 2 === 0 ? '00' : '30'}`;

/**
 * weekOf lays slots over a week. exact is false if a slot begins or ends within a cell,
 * or cannot be read: the grid would lose it.
 */
export function weekOf(slots: readonly Slot[]): { week: Week; exact: boolean } {
  const week = emptyWeek().map((d) => [...d]);
  let exact = true;
  for (const s of slots) {
    const on = daysOf(s.days);
    const from = minuteOf(s.from);
    const to = minuteOf(s.to);
    if (on === null || from < 0 || to < 0 || from % minutes !== 0 || to % minutes !== 0) {
      exact = false;
      continue;
    }
    const limit: Limit = { max_down: s.max_down, max_up: s.max_up };
    const length = (to > from ? to - from : to + 1440 - from) / minutes;
    for (const d of on) {
      for (let i = 0; i < length; i++) {
        const at = from / minutes + i;
        const day = week[(d + Math.floor(at / cellsADay)) % 7];
        if (day) day[at % cellsADay] = limit;
      }
    }
  }
  return { week, exact };
}

const key = (c: Limit) => `${c.max_down}/${c.max_up}`;

/** slotsOf are slots that make a week: days with the same runs share one. */
export function slotsOf(week: Week): Slot[] {
  const groups = new Map<string, { from: number; to: number; limit: Limit; on: number[] }>();
  week.forEach((cells, day) => {
    for (let i = 0; i < cells.length;) {
      const limit = cells[i] ?? null;
      let j = i + 1;
      while (limit && j < cells.length && sameLimit(cells[j] ?? null, limit)) j++;
      if (limit) {
        const id = `${i}-${j}-${key(limit)}`;
        const g = groups.get(id) ?? { from: i, to: j, limit, on: [] };
        g.on.push(day);
        groups.set(id, g);
      }
      i = j;
    }
  });
  return [...groups.values()].map((g) => ({ days: nameDays(g.on), from: timeOf(g.from), to: timeOf(g.to), ...g.limit }));
}

/** Area is a rectangle of cells: days and half hours, both ends included. */
export interface Area { fromDay: number; toDay: number; from: number; to: number }

/** paint is a week with other limits in an area. */
export function paint(week: Week, area: Area, limit: Cell): Week {
  const [d0, d1] = [Math.min(area.fromDay, area.toDay), Math.max(area.fromDay, area.toDay)];
  const [c0, c1] = [Math.min(area.from, area.to), Math.max(area.from, area.to)];
  return week.map((cells, day) => (day < d0 || day > d1 ? cells : cells.map((c, i) => (i < c0 || i > c1 ? c : limit))));
}

/** palette are the limits of a week, each once, in the order of their first cell. */
export function palette(week: Week): Limit[] {
  const seen = new Map<string, Limit>();
  for (const cells of week) for (const c of cells) if (c && !seen.has(key(c))) seen.set(key(c), c);
  return [...seen.values()];
}

export const sameLimit = (a: Cell, b: Cell): boolean => (a === null || b === null ? a === b : key(a) === key(b));
