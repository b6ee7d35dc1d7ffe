import { useCallback, useSyncExternalStore } from 'react';
import type { Counts } from '../api/types';
import { RowStore, type Row } from './rowstore';
import type { View } from './view';

export { RowStore, type Row } from './rowstore';

/** rows are all torrents of the daemon. */
export const rows = new RowStore({
  later: (fn, ms) => void setTimeout(fn, ms),
  hidden: () => document.hidden,
  shown(fn) {
    const once = () => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', once);
      fn();
    };
    document.addEventListener('visibilitychange', once);
  },
});

/** useRow is a torrent; who uses it renders only when that torrent changes. */
export function useRow(id: string): Row | undefined {
  const subscribe = useCallback((fn: () => void) => rows.subscribeRow(id, fn), [id]);
  const get = () => rows.get(id);
  return useSyncExternalStore(subscribe, get, get);
}

/** useIds are the torrents of a view in its order. */
export function useIds(view: View): readonly string[] {
  const get = () => rows.ids(view);
  return useSyncExternalStore(rows.subscribe, get, get);
}

/** useCounts are how many torrents there are of each kind, however a view cuts the list. */
export const useCounts = (): Counts => useSyncExternalStore(rows.subscribe, rows.counts, rows.counts);

/** useLoaded reports whether the list was there once: an empty list is not one that has
 *  not come. */
export const useLoaded = (): boolean =>
  useSyncExternalStore(
    rows.subscribe,
    () => rows.loaded,
    () => rows.loaded,
  );
