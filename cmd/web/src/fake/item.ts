import type { components } from '../api/schema';
import { random } from './random';
import type { Torrent } from './torrents';

// What is inside of a made-up torrent. It follows from its id alone.

type Schemas = components['schemas'];

const seedOf = (id: string) => Number.parseInt(id.slice(0, 8), 16);
const exts = ['mkv', 'mp4', 'flac', 'pdf', 'iso', 'txt', 'jpg', 'srt'];

/** files are those of a torrent; big is for a tree of 100,000. */
export function files(t: Torrent, big = 0): Schemas['TorrentFile'][] {
  const r = random(seedOf(t.id));
  const n = big || t.files;
  let at = 0;
  return Array.from({ length: n }, (_, index) => {
    const length = index === n - 1 ? Math.max(t.wanted - at, 0) : Math.floor((t.wanted / n) * (0.5 + r.one() / 2));
    const first = t.piece_length > 0 ? Math.floor(at / t.piece_length) : 0;
    at += length;
    const last = t.piece_length > 0 ? Math.max(first, Math.floor((at - 1) / t.piece_length)) : 0;
    const path = n === 1 ? t.name : `${['extras/', 'season 1/', 'season 2/disc 1/', ''][r.below(4)]}part ${String(index + 1).padStart(4, '0')}.${r.pick(exts)}`;
    const verified = Math.floor(length * t.progress);
    return { index, path, length, verified, priority: r.below(12) === 0 ? 'skip' : 'normal', first_piece: first, last_piece: last, complete: verified === length };
  });
}

const clients = ['libtorrent/2.0.11', 'Transmission 4.0.6', 'gotor/0.1.0', 'qBittorrent/5.1.0', 'aria2/1.37', '\u202Eevil <b>client</b>'];

export function peers(t: Torrent): Schemas['TorrentPeer'][] {
  const r = random(seedOf(t.id) + 1);
  return Array.from({ length: t.peers }, (_, i) => ({
    addr: i % 7 === 6 ? `[2001:db8::${(i + 1).toString(16)}]:6881` : `198.51.100.${(i % 250) + 1}:${6881 + i}`,
    client: r.pick(clients), down_rate: Math.floor(t.down_rate / Math.max(t.peers, 1)), up_rate: Math.floor(t.up_rate / Math.max(t.peers, 1)),
    downloaded: r.below(2 ** 30), uploaded: r.below(2 ** 28), encryption: 'none', flags: r.pick(['DX', 'UX', 'dH', 'uI', 'OX']),
    incoming: r.below(3) === 0, progress: i < t.seeds ? 1 : r.one(), since: new Date(Date.now() - r.below(7200) * 1000).toISOString(),
    source: r.pick(['tracker', 'dht', 'pex', 'incoming'] as const), transport: 'tcp',
  }));
}

export function trackers(t: Torrent): Schemas['TorrentTracker'][] {
  const hosts = t.tracker ? [t.tracker, 'backup.example.org'] : [];
  return hosts.map((host, tier) => ({
    url: `https://${host}/announce`, tier, state: tier > 0 ? 'idle' : t.warnings.length > 0 ? 'failed' : 'ok', error: tier > 0 ? '' : t.warnings[0] ?? '',
    last: tier > 0 ? null : new Date(Date.now() - 600_000).toISOString(), next: tier > 0 ? null : new Date(Date.now() + 1_200_000).toISOString(),
    peers: tier > 0 ? 0 : 50, seeders: t.swarm.seeders, leechers: t.swarm.leechers,
  }));
}

/** base64 of a bitfield of which the pieces for which has is true are set. */
function bits(count: number, has: (p: number) => boolean): string {
  const b = new Uint8Array(Math.ceil(count / 8));
  for (let p = 0; p < count; p++) if (has(p)) b[p >> 3]! |= 0x80 >> (p & 7);
  let s = '';
  for (let i = 0; i < b.length; i += 0x8000) s += String.fromCharCode(...b.subarray(i, i + 0x8000));
  return btoa(s);
}

export function pieces(t: Torrent, buckets: number): Schemas['PiecesBody'] {
  const r = random(seedOf(t.id) + 2);
  const has = (p: number) => t.progress >= 1 || (p * 2654435761) % 1000 < t.progress * 1000;
  if (buckets > 0 && t.pieces > buckets) {
    return {
      count: t.pieces,
      buckets: Array.from({ length: buckets }, (_, i) => {
        const first = Math.floor((i * t.pieces) / buckets);
        const n = Math.floor(((i + 1) * t.pieces) / buckets) - first;
        return { first, pieces: n, done: t.progress >= 1 ? n : Math.floor(n * t.progress * r.one()), partial: r.below(20) === 0 ? 1 : 0, unwanted: 0, availability: r.below(9) };
      }),
    };
  }
  const availability: Schemas['Run'][] = [];
  for (let left = t.pieces; left > 0;) {
    const length = Math.min(left, 1 + r.below(60));
    availability.push({ length, peers: t.peers === 0 ? 0 : r.below(t.peers + 1) });
    left -= length;
  }
  const partial = t.state === 'downloading' ? Array.from({ length: 8 }, () => ({ piece: r.below(Math.max(t.pieces, 1)), blocks: 16, got: r.below(16) })) : [];
  return { count: t.pieces, have: bits(t.pieces, has), unwanted: bits(t.pieces, () => false), partial, availability };
}
