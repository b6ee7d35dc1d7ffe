import { describe, expect, test } from 'vitest';
import { cellsADay, daysOf, emptyWeek, minuteOf, nameDays, paint, palette, slotsOf, timeOf, weekOf, type Slot, type Week } from './week';

const slot = (days: string, from: string, to: string, max_down = 100, max_up = 10): Slot => ({ days, from, to, max_down, max_up });

describe('days', () => {
  test.each([
    ['', [0, 1, 2, 3, 4, 5, 6]],
    ['mon-fri', [0, 1, 2, 3, 4]],
    ['Sat, sun', [5, 6]],
    ['fri-mon', [0, 4, 5, 6]],
    ['wed', [2]],
  ])('%s', (text, want) => { expect(daysOf(text)).toEqual(want); });
  test.each(['monday', 'mon-', 'mon-tue-wed', ',', 'mon;tue'])('%s is none', (text) => { expect(daysOf(text)).toBeNull(); });
  test('their names are read as the same days', () => {
    for (let bits = 1; bits < 128; bits++) {
      const list = [0, 1, 2, 3, 4, 5, 6].filter((d) => bits & (1 << d));
      expect(daysOf(nameDays(list))).toEqual(list);
    }
    expect(nameDays([0, 1, 2, 3, 4])).toBe('mon-fri');
    expect(nameDays([5, 6])).toBe('sat,sun');
  });
});

test('times', () => {
  for (let c = 0; c <= cellsADay; c++) expect(minuteOf(timeOf(c))).toBe(c * 30);
  for (const bad of ['', '8:00', '08:60', '24:01', '25:00', 'x']) expect(minuteOf(bad)).toBe(-1);
});

test('the last slot wins, and one over midnight goes on the next day', () => {
  const { week, exact } = weekOf([slot('', '00:00', '24:00', 1, 1), slot('sun', '23:00', '01:00', 2, 2)]);
  expect(exact).toBe(true);
  expect(week[6]![45]).toEqual({ max_down: 1, max_up: 1 });
  expect(week[6]![46]).toEqual({ max_down: 2, max_up: 2 });
  expect(week[0]![1]).toEqual({ max_down: 2, max_up: 2 });
  expect(week[0]![2]).toEqual({ max_down: 1, max_up: 1 });
});

test('what the grid would lose is told', () => {
  for (const s of [slot('mon', '08:15', '09:00'), slot('moon', '08:00', '09:00'), slot('mon', '08:00', '09:10')]) {
    expect(weekOf([s]).exact).toBe(false);
  }
});

test('days with the same hours share a slot', () => {
  const work = slot('mon-fri', '08:00', '18:00');
  expect(slotsOf(weekOf([work]).week)).toEqual([work]);
});

// A generator with a seed of its own: what fails, fails again.
function numbers(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}

test('any week comes back from its slots', () => {
  const n = numbers(7);
  for (let round = 0; round < 300; round++) {
    let week: Week = emptyWeek();
    for (let strokes = n(12); strokes > 0; strokes--) {
      const area = { fromDay: n(7), toDay: n(7), from: n(cellsADay), to: n(cellsADay) };
      week = paint(week, area, n(4) === 0 ? null : { max_down: n(3), max_up: n(3) });
    }
    const slots = slotsOf(week);
    expect(weekOf(slots)).toEqual({ week, exact: true });
    expect(palette(week).length).toBeLessThanOrEqual(9);
  }
});
