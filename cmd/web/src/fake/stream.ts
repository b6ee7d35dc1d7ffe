import type { Fault } from './faults';
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
      event('hello', { server_id: world.serverId, revision: reader.at, now: new Date().toISOString() }, reader.at);
      const timers = [setInterval(() => { reader.tell(); }, interval), setInterval(() => { send(':\n\n'); }, comment)];
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
