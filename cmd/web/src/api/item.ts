import type { ItemTopic } from './events';
import type { EntriesEvent, PiecesEvent, TorrentFile, Peer } from './types';

/** What the stream tells of the torrent that is open. */
export type ItemEvent =
  | { topic: 'peers'; event: EntriesEvent<Peer> }
  | { topic: 'files'; event: EntriesEvent<TorrentFile> }
  | { topic: 'pieces'; event: PiecesEvent }
  /** The stream begins anew: the next event of each topic is whole. */
  | { topic: 'hello' };

const listeners = new Set<(e: ItemEvent) => void>();

/** onItem has fn called with what the stream tells of torrents that are watched. */
export function onItem(fn: (e: ItemEvent) => void): () => void {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** heard passes an event on. */
export function heard(topic: string, event: unknown): void {
  if (!['hello', 'peers', 'pieces', 'files'].includes(topic)) return;
  const e = { topic: topic as ItemTopic, event } as ItemEvent;
  for (const tell of [...listeners]) tell(e);
}
