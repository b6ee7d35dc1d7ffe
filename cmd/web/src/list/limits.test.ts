import { describe, expect, it } from 'vitest';
import { limitSource } from './limits';

const knob = <T>(value: T) => ({ value, from: 'api' as const, fixed: false });
const settings = (max_down: number, until: string | null = null) => ({
  max_down: knob(max_down),
  max_up: knob(0),
  schedule: knob([]),
  override: knob(until === null ? null : { max_down: 1, max_up: 1, until }),
});
const now = Date.parse('2026-01-01T12:00:00Z');

describe('limitSource', () => {
  it.each([
    [settings(0), { max_down: 0, max_up: 0 }, 'none'],
    [settings(10), { max_down: 10, max_up: 0 }, 'always'],
    [settings(0), { max_down: 10, max_up: 0 }, 'schedule'],
    [settings(10), { max_down: 0, max_up: 0 }, 'schedule'],
    [settings(0, '2026-01-01T13:00:00Z'), { max_down: 1, max_up: 1 }, 'override'],
    [settings(0, '2026-01-01T11:00:00Z'), { max_down: 0, max_up: 0 }, 'none'],
  ])('%o with %o is %s', (s, hold, want) => {
    expect(limitSource(s, hold, now)).toBe(want);
  });
});
