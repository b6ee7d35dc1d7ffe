// Made-up torrents and files for the tests of this folder.
import { torrent as anyTorrent } from '../testing/torrent';
import type { Peer, Torrent, TorrentFile, Tracker } from '../api/types';

/** torrent is one of which nothing is here yet, with what a test says about it. */
export function torrent(is: Partial<Torrent> = {}): Torrent {
  return anyTorrent(1, { progress: 0, verified: 0, downloaded: 0, ...is });
}

/** file is the file at an index. */
export function file(index: number, path: string, is: Partial<TorrentFile> = {}): TorrentFile {
  return { index, path, length: 100, verified: 0, priority: 'normal', first_piece: index, last_piece: index, complete: false, ...is };
}

export function peer(addr: string, is: Partial<Peer> = {}): Peer {
  return {
    addr,
    client: 'gotor 1.0',
    source: 'tracker',
    incoming: false,
    transport: 'tcp',
    encryption: 'none',
    flags: 'D',
    down_rate: 0,
    up_rate: 0,
    downloaded: 0,
    uploaded: 0,
    progress: 0,
    since: '2026-01-01T00:00:00Z',
    ...is,
  };
}

export function tracker(url: string, is: Partial<Tracker> = {}): Tracker {
  return { url, tier: 0, state: 'ok', error: '', peers: 0, seeders: null, leechers: null, last: null, next: null, ...is };
}
