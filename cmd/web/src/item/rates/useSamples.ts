import { useEffect, useSyncExternalStore } from 'react';
import { rows } from '../../store/rows';
import { RateLog, type Sample } from './rateLog';

/** The rates collected so far: they outlive a look at another tab or torrent. */
const log = new RateLog();
const told = new Set<() => void>();

/** useCollect notes the rates of a torrent once a second while it is open. */
export function useCollect(id: string): void {
  useEffect(() => {
    const note = (): void => {
      const row = rows.get(id);
      if (row) {
        log.add(id, Date.now() / 1000, row.down_rate, row.up_rate);
        told.forEach((fn) => fn());
      }
    };
    note();
    const timer = setInterval(note, 1000);
    return () => clearInterval(timer);
  }, [id]);
}

function subscribe(fn: () => void): () => void {
  told.add(fn);
  return () => {
    told.delete(fn);
  };
}

/** useSamples are the rates of a torrent collected so far, the newest last. */
export function useSamples(id: string): readonly Sample[] {
  return useSyncExternalStore(subscribe, () => log.of(id));
}
