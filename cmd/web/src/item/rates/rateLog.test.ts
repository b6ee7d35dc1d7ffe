import { describe, expect, test } from 'vitest';
import { columns, digest, RateLog } from './rateLog';

describe('RateLog', () => {
  test('one sample a second, the last one counts', () => {
    const log = new RateLog();
    log.add('a', 10.1, 1, 1);
    log.add('a', 10.9, 2, 2);
    log.add('a', 11, 3, 3);
    expect(log.of('a')).toEqual([{ at: 10, down: 2, up: 2 }, { at: 11, down: 3, up: 3 }]);
  });
  test('an hour is kept', () => {
    const log = new RateLog();
    for (let i = 0; i < 4000; i++) {
      log.add('a', i, i, 0);
    }
    expect(log.of('a')).toHaveLength(3600);
    expect(log.of('a')[0]?.at).toBe(400);
  });
  test('of the torrents looked at last', () => {
    const log = new RateLog();
    for (let i = 0; i < 20; i++) {
      log.add(`t${i}`, 1, 1, 1);
    }
    log.add('t0', 2, 1, 1);
    log.add('new', 2, 1, 1);
    expect(log.of('t0')).toHaveLength(2);
    expect(log.of('t1')).toHaveLength(0);
  });
  test('a clock that goes back does not tie the graph in a knot', () => {
    const log = new RateLog();
    log.add('a', 100, 1, 1);
    log.add('a', 50, 2, 2);
    expect(log.of('a')).toHaveLength(1);
  });
});

test('where nobody looked there is a gap', () => {
  const s = [{ at: 1, down: 1, up: 2 }, { at: 2, down: 3, up: 4 }, { at: 60, down: 5, up: 6 }];
  expect(columns(s)).toEqual([[1, 2, 3, 60], [1, 3, null, 5], [2, 4, null, 6]]);
});

test('the graph in numbers', () => {
  expect(digest([])).toBeUndefined();
  expect(digest([{ at: 1, down: 1, up: 0 }, { at: 3, down: 6, up: 10 }])).toEqual({ from: 1, to: 3, downNow: 6, upNow: 10, downMost: 6, upMost: 10, downMean: 4, upMean: 5 });
});
