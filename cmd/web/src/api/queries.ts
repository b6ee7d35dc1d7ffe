import { QueryClient, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, must } from './client';
import { stream } from './daemon';
import type { ItemTopic } from './events';
import { onItem } from './item';
import { mergeEntries } from './merge';
import { toProblem } from './problem';
import type { EntriesEvent, Peer } from './types';

// What is asked for only when it is looked at. Lists of what moves are asked for once,
// and then kept current by the stream.

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // A refusal stays one; silence may end.
      retry: (n, e) => n < 2 && [0, 502, 503, 504].includes(toProblem(e).status),
    },
  },
});

/** keys name what is in the cache. */
export const keys = {
  torrent: (id: string) => ['torrent', id] as const,
  peers: (id: string) => ['torrent', id, 'peers'] as const,
  files: (id: string) => ['torrent', id, 'files'] as const,
  trackers: (id: string) => ['torrent', id, 'trackers'] as const,
  webSeeds: (id: string) => ['torrent', id, 'web-seeds'] as const,
  pieces: (id: string) => ['torrent', id, 'pieces'] as const,
};

/** useWatch has the stream tell of a torrent while the caller is shown. */
export function useWatch(id: string, topics: readonly ItemTopic[]): void {
  const wanted = topics.join(',');
  useEffect(() => (wanted === '' ? undefined : stream.watch(id, wanted.split(',') as ItemTopic[])), [id, wanted]);
}

/** usePeers are the connections of a torrent. */
export function usePeers(id: string) {
  useWatch(id, ['peers']);
  return useQuery({
    queryKey: keys.peers(id),
    queryFn: async ({ signal }) => must(await api.GET('/torrents/{id}/peers', { params: { path: { id } }, signal })),
  });
}

/** useTrackers are the trackers of a torrent; nobody tells when they change, so that they
 *  are asked for again while they are looked at. */
export function useTrackers(id: string) {
  return useQuery({
    queryKey: keys.trackers(id),
    queryFn: async ({ signal }) => must(await api.GET('/torrents/{id}/trackers', { params: { path: { id } }, signal })),
    refetchInterval: 5000,
  });
}

/** useWebSeeds are the web seeds of a torrent. */
export function useWebSeeds(id: string) {
  return useQuery({
    queryKey: keys.webSeeds(id),
    queryFn: async ({ signal }) => must(await api.GET('/torrents/{id}/web-seeds', { params: { path: { id } }, signal })),
    refetchInterval: 5000,
  });
}

// The first event of a topic after a hello is whole: who went meanwhile is in no list of
// removed ones.
let whole = true;

/** keepPeers lays what the stream tells of peers over what was asked for. */
function keepPeers(event: EntriesEvent<Peer>): void {
  const key = keys.peers(event.id);
  // An answer that is still on its way is older than this: it must not come after it.
  if (whole) void queries.cancelQueries({ queryKey: key }, { revert: false, silent: true });
  queries.setQueryData<Peer[]>(key, (was) => mergeEntries(was, event, (p) => p.addr ?? '', whole));
  whole = false;
}

onItem((e) => {
  if (e.topic === 'hello') whole = true;
  if (e.topic === 'peers') keepPeers(e.event);
});
