import type { components } from '../api/schema';
import { random, type Random } from './random';

// What the made-up daemon has: torrents of all states and sizes, with names as bad as
// strangers make them.

export type Torrent = components['schemas']['Torrent'];
export type State = Torrent['state'];

export const MiB = 2 ** 20;
export const GiB = 2 ** 30;

const words = ['aurora', 'basalt', 'cedar', 'delta', 'ember', 'fjord', 'granite', 'harbor', 'indigo', 'juniper', 'kelp', 'lumen', 'meadow', 'nimbus', 'onyx', 'prairie'];
const kinds = ['desktop-amd64.iso', 'server-arm64.img', 'dataset-v2', 'lectures-1080p', 'sources.tar.zst', 'field-recordings'];
const labels = ['linux', 'datasets', 'talks', 'music', 'backups'];
const trackers = ['tracker.example.org', 'tracker.example.net', 'announce.example.com', ''];
export const dirs = ['/srv/data', '/srv/data/isos', '/srv/data/talks', '/mnt/archive'];

/** evil are names that must not do anything but look strange. */
export const evil = [
  '<img src=x onerror=alert(1)> & <b>bold</b>',
  'holiday\u202Egpj.exe',
  'zero\u200Bwidth\u2060marks',
  'line\nbreak\ttab\u0007bell',
  `${'long-name-'.repeat(25)}.iso`.slice(0, 255),
  'مستند عربي — קובץ עברי.pdf',
];

// How often each state comes, of a hundred.
const shares: [State, number][] = [
  ['seeding', 62], ['downloading', 8], ['stalled', 5], ['queued', 6], ['paused', 6], ['completed', 6],
  ['failed', 3], ['checking', 1], ['metadata', 2], ['moving', 1],
];

function stateOf(r: Random): State {
  let n = r.below(100);
  for (const [state, share] of shares) {
    if (n < share) return state;
    n -= share;
  }
  return 'seeding';
}

const failures: { code: string; detail: string }[] = [
  { code: 'no_space', detail: 'write /srv/data: no space left on the disk: 14.2 GiB more are needed' },
  { code: 'file', detail: 'cannot open /mnt/archive/field-recordings: permission denied' },
  { code: 'mismatch', detail: 'piece 311 does not match: the data on disk has changed' },
  { code: 'no_metadata', detail: 'nobody had the metadata within 30 minutes' },
];

const hex = (r: Random, n: number) => Array.from({ length: n }, () => '0123456789abcdef'[r.below(16)]).join('');

/** start is when the world begins, for all that is older. */
export const start = Date.UTC(2026, 0, 15, 12);
const before = (seconds: number) => new Date(start - seconds * 1000).toISOString();

/** torrent makes the i-th. */
export function torrent(i: number): Torrent {
  const r = random(i * 7919 + 1);
  const state = stateOf(r);
  const known = state !== 'metadata';
  const id = hex(r, 40);
  const size = known ? Math.floor(2 ** (20 + r.one() * 16)) : 0;
  const whole = ['seeding', 'completed', 'moving'].includes(state);
  const part = whole ? 1 : known ? r.one() * 0.98 : 0;
  const verified = whole ? size : Math.floor(size * part);
  const moves = state === 'downloading' || (state === 'seeding' && r.below(40) === 0);
  const pieceLength = Math.max(16384, 2 ** Math.ceil(Math.log2(Math.max(size, 1) / 1500)));
  const dir = r.pick(dirs);
  const name = i < evil.length ? evil[i]! : known ? `${r.pick(words)}-${r.pick(words)}-${r.below(40)}.${r.below(10)}-${r.pick(kinds)}` : id;
  const added = r.below(400 * 86400);
  const files = known ? (r.below(3) === 0 ? 1 : 1 + r.below(60)) : 0;
  return {
    id, id_v2: null, name, state, paused: state === 'paused',
    error: state === 'failed' ? { ...r.pick(failures), since: before(r.below(added)) } : null,
    progress: state === 'checking' || state === 'moving' ? r.one() : part,
    wanted: size, verified, size,
    down_rate: state === 'downloading' ? r.below(MiB / 4) : 0,
    up_rate: moves ? r.below(MiB / 8) : 0,
    eta: null,
    ratio: whole ? r.one() * 4 : r.one() * 0.3,
    downloaded: verified, uploaded: Math.floor(size * r.one()), wasted: r.below(3) * 16384,
    peers: moves ? 1 + r.below(40) : state === 'stalled' ? r.below(2) : 0, seeds: moves ? r.below(12) : 0, known: r.below(200),
    swarm: { seeders: r.below(4) === 0 ? null : r.below(90), leechers: r.below(4) === 0 ? null : r.below(30) },
    availability: whole ? 1 + r.below(20) : r.one() * 3,
    dir, folder: files > 1 ? name : '', path: known ? `${dir}/${name}` : '',
    labels: labels.filter(() => r.below(5) === 0),
    added: before(added), completed: whole ? before(r.below(added + 1)) : null, active: r.below(3) === 0 ? null : before(r.below(added + 1)),
    seconds_downloading: r.below(90000), seconds_seeding: whole ? r.below(9_000_000) : 0,
    private: r.below(9) === 0, queue: null, limits: { max_down: 0, max_up: 0 },
    seed: { mode: 'default', ratio: null, time: null, idle: null }, sequential: false,
    tracker: r.pick(trackers), comment: r.below(5) === 0 ? 'made for tests' : '', created_by: 'gotor',
    piece_length: known ? pieceLength : 0, pieces: known ? Math.ceil(size / pieceLength) : 0, files,
    magnet: `magnet:?xt=urn:btih:${id}`,
    warnings: r.below(50) === 0 ? ['its tracker has refused it: unregistered torrent'] : [],
    revision: 1,
  };
}

/** torrents makes n; those that wait have their places in line. */
export function torrents(n: number): Torrent[] {
  let place = 0;
  return Array.from({ length: n }, (_, i) => {
    const t = torrent(i);
    return t.state === 'queued' ? { ...t, queue: place++ } : t;
  });
}
