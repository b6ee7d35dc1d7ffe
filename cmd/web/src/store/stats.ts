import { useSyncExternalStore } from 'react';
import type { Stats, StatsEvent } from '../api/types';
import { Cell, useCell } from './cell';
import { Ring, type RateHistory } from './ring';

/** stats are the figures of the daemon; undefined until they are loaded. */
export const stats = new Cell<Stats | undefined>(undefined);

/** The rates of the last ten minutes. */
const seconds = 600;
let ring = new Ring(seconds);
const history = new Cell<RateHistory>(ring.get());

/** loadStats takes what GET /stats?history=600 answered at now (ms). */
export function loadStats(s: Stats, now: number): void {
  ring = new Ring(seconds);
  if (s.history) ring.load(s.history.down, s.history.up, now);
  stats.set(s);
  history.set(ring.get());
}

/** applyStats takes the keys that an event says have changed. */
export function applyStats(change: StatsEvent, now: number): void {
  const was = stats.get();
  if (!was) return;
  ring.pass(now); // until now they were as they were
  const s = { ...was, ...change };
  ring.add(now, s.down_rate, s.up_rate);
  stats.set(s);
}

let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

// Time passes in a picture of the last minutes whether something happens or not; the
// clock ticks only while somebody looks.
function tick(): void {
  if (document.hidden) return;
  ring.pass(Date.now());
  history.set(ring.get());
}

function subscribe(fn: () => void): () => void {
  const end = history.subscribe(fn);
  if (watchers++ === 0) timer = setInterval(tick, 1000);
  return () => {
    end();
    if (--watchers === 0) clearInterval(timer);
  };
}

export const useStats = (): Stats | undefined => useCell(stats);

/** useRateHistory are the rates of the last ten minutes by second, the newest last. */
export const useRateHistory = (): RateHistory => useSyncExternalStore(subscribe, history.get, history.get);
