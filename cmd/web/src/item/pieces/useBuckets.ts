import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { api, must } from '../../api/client';
import { onItem } from '../../api/item';
import { keys, queries, useWatch } from '../../api/queries';
import type { Bucket, PiecesBody, Torrent } from '../../api/types';
import { applyPieces, bucketsOf, piecesOf, wholeMost, type Pieces } from './model';

/** How often buckets are asked for while something changes, in milliseconds. */
const askEvery = 2_000;

const nothing: readonly Bucket[] = [];

/**
 * useBuckets are the pieces of a torrent in at most so many cells, kept current: by the
 * stream where they come one by one, by asking where they are summed up by the daemon.
 */
export function useBuckets(t: Torrent, cells: number): { buckets: readonly Bucket[]; problem: unknown } {
  const whole = t.pieces <= wholeMost;
  const on = t.pieces > 0 && cells > 0;
  const pieces = usePieces(t.id, on && whole);
  const summed = useSummed(t, cells, on && !whole);
  const own = useMemo(() => (pieces.data ? bucketsOf(pieces.data, cells) : nothing), [pieces.data, cells]);
  return whole ? { buckets: on ? own : nothing, problem: pieces.error } : { buckets: summed.data ?? nothing, problem: summed.error };
}

/** ask is what the daemon says of pieces; as text it says it only when it is asked for text. */
async function ask(id: string, query: { buckets?: number }, signal: AbortSignal): Promise<PiecesBody> {
  return must(await api.GET('/torrents/{id}/pieces', { params: { path: { id }, query }, signal })) as PiecesBody;
}

/** usePieces are the pieces one by one. */
function usePieces(id: string, on: boolean) {
  useWatch(id, on ? ['pieces'] : []);
  useEffect(
    () =>
      onItem((e) => {
        if (e.topic !== 'pieces') return;
        // What comes before the first whole answer is in that answer, too.
        queries.setQueryData<Pieces>(keys.pieces(e.event.id), (was) => (was || e.event.have !== undefined ? applyPieces(was, e.event) : undefined));
      }),
    [],
  );
  return useQuery({
    queryKey: keys.pieces(id),
    queryFn: async ({ signal }) => piecesOf(await ask(id, {}, signal)),
    enabled: on,
    structuralSharing: false, // bitfields are compared by who draws them
  });
}

/** useSummed are the pieces as the daemon sums them up. */
function useSummed(t: Torrent, buckets: number, on: boolean) {
  const moves = t.state === 'downloading' || t.state === 'checking' || t.state === 'stalled';
  return useQuery({
    queryKey: [...keys.pieces(t.id), buckets],
    queryFn: async ({ signal }) => (await ask(t.id, { buckets }, signal)).buckets ?? [],
    enabled: on,
    refetchInterval: moves ? askEvery : false,
    placeholderData: (was) => was, // while the window is made larger
  });
}
