import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { faults, type Fault } from './faults';
import { install, type Fake } from './install';
import { evil } from './torrents';

const base = new URL('http://localhost/api/v1/');
let fake: Fake;

beforeEach(() => { vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] }); fake = install(base); });
afterEach(() => { fake.uninstall(); vi.useRealTimers(); });

const get = async (path: string, init?: RequestInit) => {
  const r = await fetch(new URL(path, base), init);
  return { status: r.status, body: (await r.json()) as never };
};

test('two thousand torrents in all states, the same each time', async () => {
  const { body } = await get('torrents');
  const page = body as { total: number; items: { id: string; name: string; state: string }[]; counts: { state: Record<string, number> } };
  expect(page.total).toBe(2000);
  expect(Object.keys(page.counts.state).sort()).toEqual(['checking', 'completed', 'downloading', 'failed', 'metadata', 'moving', 'paused', 'queued', 'seeding', 'stalled']);
  expect(page.items.slice(0, evil.length).map((t) => t.name)).toEqual(evil);
  expect(new Set(page.items.map((t) => t.id)).size).toBe(2000);
});

test('time goes on: a download comes to its end and says so', () => {
  const t = [...fake.world.rows.values()].find((x) => x.state === 'downloading')!;
  fake.world.patch(t.id, { verified: t.wanted - 1 });
  const at = fake.world.revision;
  vi.advanceTimersByTime(1000);
  expect(fake.world.rows.get(t.id)?.state).toBe('seeding');
  expect(fake.world.since(at).milestones).toContainEqual(expect.objectContaining({ id: t.id, what: 'completed' }));
});

test('verbs, one and many', async () => {
  const [a, b] = [...fake.world.rows.keys()];
  expect((await get(`torrents/${a}/pause`, { method: 'POST' })).status).toBe(202);
  expect(fake.world.rows.get(a!)?.paused).toBe(true);
  const body = JSON.stringify({ ids: [b, 'nobody'], action: 'remove' });
  const done = (await get('./torrents:batch', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })).body as { ok: boolean }[];
  expect(done.map((o) => o.ok)).toEqual([true, false]);
  expect(fake.world.rows.has(b!)).toBe(false);
});

test('settings are merged, and a stale change is refused', async () => {
  const patch = (body: object, match: string) => get('settings', { method: 'PATCH', body: JSON.stringify(body), headers: { 'Content-Type': 'application/merge-patch+json', 'If-Match': match } });
  expect((await patch({ max_down: 5, seed: { ratio: 3 } }, '"1"')).status).toBe(200);
  expect(fake.world.settings.max_down).toEqual({ value: 5, from: 'api', fixed: false });
  expect(fake.world.settings.seed.ratio.value).toBe(3);
  expect((await patch({ max_down: 6 }, '"1"')).status).toBe(412);
  expect((await patch({ nonsense: 6 }, '"2"')).status).toBe(422);
  await patch({ max_down: null }, '"2"');
  expect(fake.world.settings.max_down.from).toBe('default');
});

describe('faults', () => {
  test.each(['500', '401', '403', '413', '421', '429'] as Fault[])('%s', async (f) => {
    fake.faults.add(f);
    expect((await get('torrents')).status).toBe(Number(f));
  });
  test.each([['409', 409], ['507', 507], ['full-disk', 507], ['unwritable', 503], ['read-only', 403]] as [Fault, number][])('%s refuses changes only', async (f, status) => {
    fake.faults.add(f);
    expect((await get('torrents')).status).toBe(200);
    const id = [...fake.world.rows.keys()][0];
    expect((await get(`torrents/${id}/pause`, { method: 'POST' })).status).toBe(status);
  });
  test('offline', async () => {
    fake.faults.add('offline');
    await expect(get('torrents')).rejects.toThrow(TypeError);
  });
  test('each is told in words', () => { for (const text of Object.values(faults)) expect(text.length).toBeGreaterThan(10); });
});

test('the torrent that is open is told first whole, then by what has changed', async () => {
  const t = [...fake.world.rows.values()].find((x) => x.state === 'downloading' && x.files > 1 && x.size > 2 ** 30)!;
  const r = await fetch(new URL(`events?topics=files,pieces&torrent=${t.id}`, base));
  const reader = r.body!.getReader();
  const events: string[] = [];
  const until = async (name: string) => {
    for (;;) {
      events.push(new TextDecoder().decode((await reader.read()).value));
      if (events.at(-1)!.startsWith(`event: ${name}`)) return JSON.parse(events.at(-1)!.split('data: ')[1]!) as { entries: unknown[]; have: string };
    }
  };
  expect((await until('files')).entries).toHaveLength(t.files);
  expect((await until('pieces')).have).not.toBe('');
  await reader.cancel();
});

test('events tell what has changed, from where the reader was', async () => {
  const r = await fetch(new URL(`events?topics=rows,torrents,logs`, base), { headers: { 'Last-Event-ID': String(fake.world.revision) } });
  const reader = r.body!.getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  expect(await next()).toMatch(/^event: hello\nid: \d+\ndata: {"server_id":"fake-1"/);
  const id = [...fake.world.rows.keys()][5]!;
  fake.world.patch(id, { labels: ['new'] });
  fake.world.reached(id, 'checked');
  vi.advanceTimersByTime(1000);
  let told = '';
  do told = await next(); while (!told.includes('"what":"checked"'));
  let rows = '';
  do rows = await next(); while (!rows.startsWith('event: rows'));
  expect(rows).toContain('"labels":["new"]');
  await reader.cancel();
});
