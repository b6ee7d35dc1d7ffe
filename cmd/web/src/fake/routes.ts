import { problem, type Fault } from './faults';
import * as item from './item';
import { merge } from './settings';
import { stream } from './stream';
import { random } from './random';
import { torrent as make, type Torrent } from './torrents';
import type { World } from './world';

// The made-up daemon's answers: the routes that the page asks, no more.

/** Call is a request below the API. */
interface Call {
  method: string;
  path: string[];
  query: URLSearchParams;
  body: unknown;
  request: Request;
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } });
const nothing = (): Response => new Response(null, { status: 204 });

/** answer is what the daemon says to a request below base, with faults. */
export async function answer(world: World, faults: ReadonlySet<Fault>, request: Request, base: URL): Promise<Response> {
  const url = new URL(request.url);
  const path = decodeURIComponent(url.pathname.slice(base.pathname.length)).split('/').filter((p) => p !== '');
  const refused = refusal(faults, request.method);
  if (refused) return refused;
  const text = ['POST', 'PUT', 'PATCH'].includes(request.method) ? await request.clone().text() : '';
  let body: unknown = null;
  if (request.headers.get('Content-Type')?.includes('json') && text !== '') {
    try { body = JSON.parse(text); } catch { return problem(422, { code: 'invalid', detail: 'the body is no JSON' }); }
  }
  const call: Call = { method: request.method, path, query: url.searchParams, body, request };
  return route(world, faults, call) ?? problem(404);
}

function refusal(faults: ReadonlySet<Fault>, method: string): Response | null {
  for (const status of [500, 401, 403, 413, 421, 429]) if (faults.has(String(status) as Fault)) return problem(status);
  if (method === 'GET') return null;
  if (faults.has('409')) return problem(409);
  if (faults.has('507') || faults.has('full-disk')) return problem(507);
  if (faults.has('unwritable')) return problem(503);
  if (faults.has('read-only')) return problem(403, { detail: 'this token may look, not change' });
  return null;
}

function route(world: World, faults: ReadonlySet<Fault>, c: Call): Response | null {
  const [head = '', id] = c.path;
  switch (head) {
    case '': return json(about(world, faults));
    case 'session': return nothing();
    case 'events': return stream(world, c.query, c.request.headers.get('Last-Event-ID'), faults);
    case 'stats': return json(stats(world, faults, Number(c.query.get('history') ?? 0)));
    case 'settings': return changeSettings(world, c);
    case 'logs': return json(logs(world, c.query));
    case 'labels': return json(Object.entries(world.counts().label).map(([name, count]) => ({ name, count })));
    case 'dirs': return json(folders(world, c.query.get('path') ?? ''));
    case 'torrents:batch': return json(batch(world, c.body as BatchBody));
    case 'torrents': return id === undefined ? list(world, c) : one(world, c, id);
  }
  return null;
}

const skew = (faults: ReadonlySet<Fault>) => (faults.has('wrong-clock') ? 3 * 3_600_000 : 0);

function about(world: World, faults: ReadonlySet<Fault>) {
  return {
    name: 'gotor', version: faults.has('other-version') ? '99.0.0' : world.version, api: '/api/v1', access: faults.has('read-only') ? 'read' : 'full',
    features: ['page'], limits: { json_bytes: 2 ** 20, torrent_bytes: 64 * 2 ** 20, uploads: 4 },
    server_id: world.serverId, now: new Date(Date.now() + skew(faults)).toISOString(),
  };
}

/** stats are the figures of the daemon. */
export function stats(world: World, faults: ReadonlySet<Fault>, history: number) {
  const { down, up } = world.rates();
  const full = faults.has('full-disk');
  return {
    now: new Date(Date.now() + skew(faults)).toISOString(), started: new Date(world.began).toISOString(), down_rate: down, up_rate: up,
    limits: { max_down: world.settings.max_down.value, max_up: world.settings.max_up.value },
    downloaded: 4.2e12, uploaded: 9.1e12, session: { downloaded: 3e9, uploaded: 8e9 }, wasted: 2 ** 21,
    torrents: world.counts().state, active: 40, connections: 213, dialing: 4, port: 6881, external: '203.0.113.7',
    reachable: !faults.has('unreachable-port'), dht_nodes: 311, disks: world.disks().map((d) => ({ ...d, free: full ? 4096 : d.free })),
    announce_queue: 3, buffer_bytes: 2 ** 22, buffer_limit_bytes: 2 ** 26, memory: 64 * 2 ** 20, open_files: 31,
    ready: faults.has('unwritable') ? 'the state cannot be written: read-only file system' : world.ready,
    ...(history > 0 ? { history: { interval: 1, down: world.history.down.slice(-history), up: world.history.up.slice(-history) } } : {}),
  };
}

function changeSettings(world: World, c: Call): Response {
  const tag = (): Record<string, string> => ({ ETag: `"${world.settings.revision}"` });
  if (c.method !== 'PATCH') return json(world.settings, 200, tag());
  const match = c.request.headers.get('If-Match');
  if (match && match !== tag().ETag) return problem(412, { code: 'stale', detail: 'the settings have changed in the meantime' });
  try {
    world.settings = merge(world.settings, c.body as Record<string, unknown>);
  } catch (e) {
    return problem(422, { code: 'invalid', detail: e instanceof Error ? e.message : 'invalid' });
  }
  world.log('info', 'the settings were changed');
  return json(world.settings, 200, tag());
}

function logs(world: World, q: URLSearchParams) {
  const levels = ['error', 'warn', 'info', 'debug'];
  const most = levels.indexOf(q.get('level') ?? 'debug');
  const since = Number(q.get('since') ?? 0);
  const lines = world.logs.filter((l) => l.seq > since && levels.indexOf(l.level) <= most);
  return { lines: lines.slice(-Number(q.get('limit') ?? 1000)), last: world.logs.at(-1)?.seq ?? 0 };
}

function folders(world: World, path: string) {
  if (path === '') return { path: '', free: null, dirs: world.settings.roots.value.map((p) => ({ name: p, path: p })) };
  return { path, free: world.free, dirs: ['isos', 'talks', 'new'].map((name) => ({ name, path: `${path}/${name}` })) };
}

interface BatchBody { ids?: string[]; sources?: string[]; action?: string; args?: Record<string, unknown> }

function batch(world: World, b: BatchBody) {
  if (b.sources) return b.sources.map((source) => ({ source, ok: true, created: true, id: add(world, source).id }));
  return (b.ids ?? []).map((id) => {
    const t = world.rows.get(id);
    if (!t) return { id, ok: false, problem: { type: 'urn:gotor:problem:not_found', title: 'Not Found', status: 404, code: 'not_found', detail: `there is no torrent ${id}` } };
    act(world, t, b.action ?? '', b.args ?? {});
    return { id, ok: true };
  });
}

function add(world: World, source: string): Torrent {
  const t = { ...make(10_000 + random(source.length * 31 + world.revision).below(1e6)), state: 'downloading' as const, progress: 0, verified: 0, error: null, down_rate: 400_000, added: new Date().toISOString() };
  const row = world.put(t);
  world.reached(t.id, 'added');
  return row;
}

/** act carries out what a torrent is told to do. */
function act(world: World, t: Torrent, action: string, args: Record<string, unknown>): Torrent | undefined {
  switch (action) {
    case 'pause': return world.patch(t.id, { state: 'paused', paused: true, down_rate: 0, up_rate: 0 });
    case 'start': return world.patch(t.id, { state: t.verified >= t.wanted && t.wanted > 0 ? 'seeding' : 'downloading', paused: false, error: null, down_rate: t.verified < t.wanted ? 500_000 : 0, queue: null });
    case 'check': return world.patch(t.id, { state: 'checking', progress: 0 });
    case 'announce': return t;
    case 'remove': return world.remove(t.id);
    case 'move': return world.patch(t.id, { state: 'moving', progress: 0, dir: String(args.dir ?? t.dir) });
    case 'patch': return world.patch(t.id, args as Partial<Torrent>);
  }
  return undefined;
}

function list(world: World, c: Call): Response {
  if (c.method === 'POST') {
    const source = (c.body as { source?: string } | null)?.source ?? 'file';
    if (c.query.get('dry_run') === 'true') {
      const t = make(10_001);
      return json({ existing: false, torrent: t, files: item.files(t), free: world.free, need: t.size });
    }
    return json(add(world, source), 201);
  }
  const items = [...world.rows.values()];
  return json({ revision: world.revision, total: items.length, counts: world.counts(), items, removed: [], next: null }, 200, { ETag: `"${world.revision}"` });
}

function one(world: World, c: Call, id: string): Response | null {
  const t = world.rows.get(id);
  if (!t) return problem(404, { detail: `there is no torrent ${id}` });
  const [, , part = '', ...rest] = c.path;
  if (part === '') return whole(world, t, c);
  if (['pause', 'start', 'check', 'announce', 'move'].includes(part)) return json(act(world, t, part, (c.body ?? {}) as Record<string, unknown>), 202);
  switch (part) {
    case 'files': return filesOf(t, c, rest);
    case 'peers': return c.method === 'GET' ? json(item.peers(t)) : c.method === 'POST' ? json({ added: 1 }) : nothing();
    case 'trackers': return json(item.trackers(t));
    case 'web-seeds': return json([]);
    case 'pieces': return json(item.pieces(t, Number(c.query.get('buckets') ?? 0)));
    case 'magnet': return json({ magnet: t.magnet });
    case 'rename': return json(t, 202);
  }
  return null;
}

function whole(world: World, t: Torrent, c: Call): Response {
  switch (c.method) {
    case 'PATCH': return json(world.patch(t.id, c.body as Partial<Torrent>));
    case 'DELETE': {
      world.remove(t.id);
      const data = c.query.get('data') === 'true';
      return json({ removed_files: data ? t.files : 0, freed: data ? t.verified : 0, left: [] });
    }
  }
  return json(t, 200, { ETag: `"${t.revision}"` });
}

function filesOf(t: Torrent, c: Call, rest: string[]): Response | null {
  if (rest[1] === 'links') return json({ url: new URL(`torrents/${t.id}/files/${rest[0]}/content?expires=1&signature=x`, c.request.url).href, expires: new Date(Date.now() + 3_600_000).toISOString() });
  if (rest[1] === 'content') return new Response('made up', { headers: { 'Content-Type': 'application/octet-stream' } });
  const all = item.files(t, c.query.has('big') ? 100_000 : 0);
  const from = Number(c.query.get('cursor') ?? 0);
  const limit = Number(c.query.get('limit') ?? 1000);
  const next = from + limit < all.length ? String(from + limit) : null;
  return json({ total: all.length, items: all.slice(from, from + limit), next });
}
