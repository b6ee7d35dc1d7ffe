import { describe, expect, it } from 'vitest';
import { why } from './why';

const idle = { queue: null, error: null, peers: 0, seeds: 0, known: 0, availability: 0 };
const failed = (code: string) => ({ ...idle, state: 'failed' as const, error: { code, detail: 'as get says it', since: null } });

describe('why', () => {
  it.each([
    [{ ...idle, state: 'queued' as const, queue: 0 }, 'place 1'],
    [{ ...idle, state: 'queued' as const, queue: 1233 }, 'place 1,234'],
    [{ ...idle, state: 'queued' as const }, 'waits for a check'],
    [{ ...idle, state: 'stalled' as const }, 'no peers found'],
    [{ ...idle, state: 'stalled' as const, known: 30 }, 'no peer answers'],
    [{ ...idle, state: 'stalled' as const, peers: 3, availability: 0.4 }, 'peers lack pieces'],
    [{ ...idle, state: 'stalled' as const, peers: 3, availability: 1.4 }, 'no peer sends'],
    [{ ...idle, state: 'stalled' as const, peers: 3, seeds: 1, availability: 0 }, 'no peer sends'],
    [{ ...idle, state: 'metadata' as const }, 'looking for peers'],
    [{ ...idle, state: 'metadata' as const, peers: 2 }, 'asking 2 peers'],
    [failed('no_space'), 'disk full'],
    [failed('unheard_of'), 'as get says it'],
    [{ ...idle, state: 'seeding' as const }, ''],
    [{ ...idle, state: 'downloading' as const }, ''],
  ])('%o waits for: %s', (row, want) => {
    expect(why(row)).toBe(want);
  });
});
