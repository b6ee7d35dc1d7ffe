import { useEffect, useSyncExternalStore } from 'react';
import { api, must } from '../../api/client';
import { onItem } from '../../api/item';
import { useWatch } from '../../api/queries';
import type { Torrent } from '../../api/types';
import { FileStore, type FilesState } from './fileStore';

/** Files of so many torrents are kept, those looked at last. */
const kept = 3;

/** Of more files than this, changes are not followed one by one but asked for now and then. */
const followMost = 5_000;

/** How often those are asked for while something comes in, in milliseconds. */
const reloadEvery = 30_000;

const stores = new Map<string, FileStore>();

/** storeOf is the store of a torrent's files, which is made and loaded when it is first asked for. */
export function storeOf(id: string): FileStore {
  let store = stores.get(id);
  if (!store) {
    store = new FileStore(async (cursor, limit) => {
      const query = cursor === undefined ? { limit } : { limit, cursor };
      return must(await api.GET('/torrents/{id}/files', { params: { path: { id }, query } }));
    });
  }
  stores.delete(id); // so that it becomes the newest
  stores.set(id, store);
  for (const [old, s] of stores) {
    if (stores.size <= kept) {
      break;
    }
    s.stop();
    stores.delete(old);
  }
  return store;
}

/**
 * useFiles are the files of a torrent. follow: as they change; otherwise as they were when
 * they were asked for, which will do for their names.
 */
export function useFiles(t: Torrent, follow: boolean): FilesState {
  const store = storeOf(t.id);
  const known = t.pieces > 0;
  const large = t.files > followMost;
  const moves = t.state === 'downloading' || t.state === 'checking';
  useWatch(t.id, follow && known && !large ? ['files'] : []);
  useEffect(() => onItem((e) => e.topic === 'files' && e.event.id === t.id && store.apply(e.event.entries)), [store, t.id]);
  useEffect(() => {
    if (known && (store.state().version === 0 || (large && follow))) {
      void store.load();
    }
  }, [store, known, large, follow]);
  useEffect(() => {
    if (!follow || !moves || !large) {
      return;
    }
    const timer = setInterval(() => !document.hidden && !store.state().loading && void store.load(), reloadEvery);
    return () => clearInterval(timer);
  }, [store, follow, moves, large]);
  return useSyncExternalStore(store.subscribe, store.state);
}
