import type { Fault } from './faults';
import * as item from './item';
import { stats } from './routes';
import type { World } from './world';

// The made-up daemon's events: what has changed since the reader was told last.

const interval = 1000;
const comment = 15_000;

/** stream is an event stream that ends when its reader goes. */
export function stream(world: World, query: URLSearchParams, lastId: string | null, faults: ReadonlySet<Fault>): Response {
  const topics = new Set((query.get('topics') ?? 'rows,stats,torrents,settings').split(','));
  const encoder = new TextEncoder();
  let end = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(to) {
      const send = (text: string) => { to.enqueue(encoder.encode(text)); };
      const event = (name: string, data: unknown, id?: number) => { send(`event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`); };
      const reader = new Reader(world, topics, faults, event, Number(lastId ?? world.revision));
      const inside = new Inside(world, query.get('torrent') ?? '', topics, event);
      event('hello', { server_id: world.serverId, revision: reader.at, now: new Date().toISOString() }, reader.at);
      inside.tell();
      const timers = [setInterval(() => { reader.tell(); inside.tell(); }, interval), setInterval(() => { send(':\n\n'); }, comment)];
      end = () => { for (const t of timers) clearInterval(t); };
      if (faults.has('break-stream')) {
        setTimeout(() => {
          send('event: rows\ndata: {"revision":');
          end();
          to.close();
        }, 3000);
      }
    },
    cancel() { end(); },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
}

type Send = (name: string, data: unknown, id?: number) => void;

/** Reader is what one stream has been told. */
class Reader {
  private figures: Record<string, unknown> = {};
  private line: number;
  private settings = 0;

  private readonly world: World;
  private readonly topics: ReadonlySet<string>;
  private readonly faults: ReadonlySet<Fault>;
  private readonly event: Send;
  at: number;

  constructor(world: World, topics: ReadonlySet<string>, faults: ReadonlySet<Fault>, event: Send, at: number) {
    this.world = world;
    this.topics = topics;
    this.faults = faults;
    this.event = event;
    this.at = at;
    this.line = world.logs.at(-1)?.seq ?? 0;
  }

  tell(): void {
    const { world } = this;
    const news = world.since(this.at);
    const to = world.revision;
    if (this.topics.has('torrents')) for (const m of news.milestones) this.event('torrent', { ...m, name: world.rows.get(m.id)?.name ?? m.id });
    if (this.topics.has('rows') && to > this.at) {
      this.event('rows', { revision: to, rows: news.rows, removed: news.removed, counts: world.counts() }, to);
    }
    this.at = to;
    if (this.topics.has('stats')) this.tellStats();
    if (this.topics.has('settings') && world.settings.revision !== this.settings) {
      this.settings = world.settings.revision;
      this.event('settings', world.settings);
    }
    if (this.topics.has('logs')) {
      for (const l of world.logs.filter((x) => x.seq > this.line)) this.event('log', l);
      this.line = world.logs.at(-1)?.seq ?? 0;
    }
  }

  private tellStats(): void {
    const now: Record<string, unknown> = stats(this.world, this.faults, 0);
    const changed = Object.fromEntries(Object.entries(now).filter(([k, v]) => k !== 'now' && JSON.stringify(v) !== JSON.stringify(this.figures[k])));
    this.figures = now;
    if (Object.keys(changed).length > 0) this.event('stats', changed);
  }
}

/** How many entries an event has at most, as the daemon's. */
const most = 500;

/** Inside is what one stream was told of the torrent that is open. */
class Inside {
  private readonly world: World;
  private readonly id: string;
  private readonly topics: ReadonlySet<string>;
  private readonly event: Send;
  private readonly told = new Map<string, Map<string, string>>(); // by topic and key
  private have = '';

  constructor(world: World, id: string, topics: ReadonlySet<string>, event: Send) {
    this.world = world;
    this.id = id;
    this.topics = topics;
    this.event = event;
  }

  tell(): void {
    const t = this.world.rows.get(this.id);
    if (!t) return;
    if (this.topics.has('peers')) this.entries('peers', item.peers(t), (p) => p.addr);
    if (this.topics.has('files')) this.entries('files', item.files(t), (f) => String(f.index));
    if (!this.topics.has('pieces')) return;
    const now = item.pieces(t, 0);
    if (now.have !== this.have) this.event('pieces', { id: t.id, ...now });
    this.have = now.have ?? '';
  }

  private entries<T>(topic: string, now: T[], keyOf: (x: T) => string): void {
    const was = this.told.get(topic);
    const is = new Map(now.map((x) => [keyOf(x), JSON.stringify(x)]));
    const changed = now.filter((x) => was?.get(keyOf(x)) !== is.get(keyOf(x)));
    const removed = [...(was?.keys() ?? [])].filter((k) => !is.has(k));
    this.told.set(topic, is);
    if (was && changed.length === 0 && removed.length === 0) return;
    for (let i = 0; i === 0 || i < changed.length; i += most) {
      this.event(topic, { id: this.id, entries: changed.slice(i, i + most), removed: i === 0 ? removed : [] });
    }
  }
}
