import { act } from '../api/actions';
import { ask } from '../api/client';
import type { Preview, Torrent } from '../api/types';
import { link } from '../store/link';
import { rows } from '../store/rows';
import { Batch, type BatchIO, type Item } from './batch';

// How a batch speaks to the daemon. A .torrent goes as a form: options may be long, and
// a query has no room for them.

interface Request {
  method: 'POST';
  headers?: Record<string, string>;
  body: string | FormData;
}

function request(item: Item, options: Record<string, unknown>): Request {
  if (!item.file) {
    return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ source: item.source, ...options }) };
  }
  const form = new FormData();
  form.append('options', JSON.stringify(options));
  form.append('torrent', item.file, 'a.torrent');
  return { method: 'POST', body: form };
}

const io: BatchIO = {
  async look(item, signal) {
    const r = await ask('torrents?dry_run=true', { ...request(item, {}), signal });
    return (await r.json()) as Preview;
  },
  async add(item, options) {
    const init = request(item, options);
    const r = await ask('torrents', { ...init, headers: { ...init.headers, 'Idempotency-Key': item.key } });
    const torrent = (await r.json()) as Torrent;
    const existing = r.headers.get('Gotor-Existing') === 'true';
    if (!existing) rows.put(torrent);
    return { torrent, existing };
  },
  async first(ids) {
    for (const id of [...ids].reverse()) await act.setQueue([id], 0);
  },
  newKey: newKey,
  limit: () => link.get().maxTorrent,
};

/** newKey is random; randomUUID is there on safe origins only, and a daemon at home is on
 *  plain HTTP. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/** batch is what is about to be added on this page. */
export const batch = new Batch(io);
