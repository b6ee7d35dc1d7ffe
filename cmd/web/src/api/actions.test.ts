// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dismiss, notices } from '../store/notices';
import { rows } from '../store/rows';
import { problem } from '../testing/daemon';
import { torrent } from '../testing/torrent';
import { act } from './actions';

const [a, b] = [torrent(1), torrent(2)];
let requests: { line: string; body: unknown }[] = [];
let answer: () => Response | Promise<Response>;

beforeEach(() => {
  vi.useFakeTimers();
  requests = [];
  rows.load({ items: [a, b], counts: null });
  vi.stubGlobal('fetch', async (r: Request) => {
    const text = await r.text();
    requests.push({ line: `${r.method} ${new URL(r.url).pathname}${new URL(r.url).search}`, body: text === '' ? undefined : JSON.parse(text) });
    return answer();
  });
});

afterEach(() => {
  vi.runAllTimers();
  for (const n of notices.get()) dismiss(n.id);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('act', () => {
  it('shows at once what was asked for, and then what was answered', async () => {
    answer = () => Response.json({ ...a, state: 'paused', paused: true, revision: 99, peers: 3 }, { status: 202 });
    const done = act.pause([a.id]);
    expect(rows.get(a.id)).toMatchObject({ state: 'paused', paused: true });
    expect(await done).toEqual({ ok: true, problems: [] });
    expect(requests).toEqual([{ line: `POST /api/v1/torrents/${a.id}/pause`, body: undefined }]);
    vi.advanceTimersByTime(3000);
    expect(rows.get(a.id)).toMatchObject({ state: 'paused', peers: 3 });
  });

  it('returns to the old value when it is refused, and says why, with a way to try again', async () => {
    answer = () => problem(409, 'locked', 'b is open elsewhere');
    const r = await act.pause([b.id]);
    expect(r.ok).toBe(false);
    expect(rows.get(b.id)).toEqual(b);
    const [n] = notices.get();
    expect(n).toMatchObject({ kind: 'bad', detail: 'b is open elsewhere' });
    expect(n?.text).toContain('Pausing torrent 2 failed.');
    answer = () => Response.json({ ...b, paused: true }, { status: 202 });
    n?.action?.run();
    await vi.advanceTimersByTimeAsync(0);
    expect(requests).toHaveLength(2);
  });

  it('asks once for several, and undoes those that failed only', async () => {
    answer = () => Response.json([{ ok: true, id: a.id }, { ok: false, id: b.id, problem: { status: 409, code: 'conflict', title: '', type: '', detail: 'no' } }]);
    const r = await act.setLabels([a.id, b.id], ['x']);
    expect(requests).toEqual([{ line: 'POST /api/v1/torrents:batch', body: { ids: [a.id, b.id], action: 'patch', args: { labels: ['x'] } } }]);
    expect(r.problems.map((p) => p.id)).toEqual([b.id]);
    expect(rows.get(a.id)?.labels).toEqual(['x']);
    expect(rows.get(b.id)?.labels).toEqual([]);
    expect(notices.get()[0]?.text).toContain('Changing torrent 2 failed.');
  });

  it('fails for all when nobody answers', async () => {
    answer = () => Promise.reject(new TypeError('Failed to fetch'));
    const r = await act.start([a.id, b.id], true);
    expect(r.problems).toHaveLength(2);
    expect(notices.get()[0]).toMatchObject({ text: 'Starting 2 torrents failed. The daemon does not answer.', action: { label: 'Try again' } });
  });

  it('says nothing beside the form for the token when it is signed out', async () => {
    answer = () => problem(401, 'unauthorized');
    await act.pause([a.id]);
    expect(notices.get()).toEqual([]);
  });

  it('hands on what became of the files', async () => {
    answer = () => Response.json({ removed_files: 2, freed: 10, left: ['x'] });
    const r = await act.remove([a.id], 'true');
    expect(requests[0]?.line).toBe(`DELETE /api/v1/torrents/${a.id}?data=true`);
    expect(r.removed).toEqual([{ id: a.id, removed: { removed_files: 2, freed: 10, left: ['x'] } }]);
  });

  it('changes one limit without the other', () => {
    rows.load({ items: [torrent(1, { limits: { max_down: 5, max_up: 7 } })], counts: null });
    answer = () => new Promise(() => {});
    void act.setLimits([a.id], { max_up: 0 });
    expect(rows.get(a.id)?.limits).toEqual({ max_down: 5, max_up: 0 });
  });

  it('does not let the name of a torrent pretend in a notice', async () => {
    rows.load({ items: [torrent(1, { name: 'a\u202egpj.exe' })], counts: null });
    answer = () => problem(500, 'internal');
    await act.check([a.id]);
    expect(notices.get()[0]?.text).toContain('a⟨202e⟩gpj.exe');
  });
});
