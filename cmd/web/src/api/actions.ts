import { notify } from '../store/notices';
import { rows } from '../store/rows';
import { count } from '../ui/format';
import { plain } from '../ui/sanitise';
import { api, must } from './client';
import { ApiProblem, explain, toProblem } from './problem';
import { keys, queries } from './queries';
import type { FilePriority, Outcome, Patch, ProblemBody, Removed, Torrent } from './types';

// What a person does to torrents. The list shows it at once; if the daemon refuses, the
// old value returns and a notice says why. No function here throws.

/** What came of an action. */
export interface Result {
  ok: boolean;
  /** Of those that failed. */
  problems: { id: string; problem: ApiProblem }[];
}

type Ids = readonly string[];
type Verb = 'pause' | 'start' | 'check' | 'announce' | 'move' | 'remove' | 'patch';

/** After an answer, the event with the new row is on its way: until then, or for so long,
 *  the list shows what was asked for. */
const grace = 2000;

interface Doing {
  what: string; // "Pausing"
  verb: Verb;
  args?: Record<string, unknown>;
  /** How a row will be. */
  looks?: (t: Torrent) => Partial<Torrent>;
  /** One torrent: its own route. */
  one: (id: string) => Promise<Torrent | undefined>;
}

async function run(ids: Ids, d: Doing): Promise<Result> {
  const undo = ids.map((id) => {
    const t = rows.get(id);
    return t && d.looks ? rows.overlay(id, d.looks(t)) : () => undefined;
  });
  const result = await send(ids, d);
  const failed = new Set(result.problems.map((p) => p.id));
  ids.forEach((id, i) => {
    const back = undo[i];
    if (!back) return;
    if (failed.has(id)) back();
    else setTimeout(back, grace);
  });
  if (!result.ok) refuse(d.what, result, () => void run([...failed], d));
  return result;
}

async function send(ids: Ids, d: Doing): Promise<Result> {
  const [only] = ids;
  try {
    if (only !== undefined && ids.length === 1) {
      const t = await d.one(only);
      if (t) rows.put(t);
      return { ok: true, problems: [] };
    }
    const out = must(await api.POST('/torrents:batch', { body: { ids: [...ids], action: d.verb, args: d.args } }));
    return outcome(out);
  } catch (e) {
    const problem = toProblem(e);
    return { ok: false, problems: ids.map((id) => ({ id, problem })) };
  }
}

function outcome(out: Outcome[]): Result {
  const problems = out.filter((o) => !o.ok).map((o) => ({ id: o.id ?? '', problem: asProblem(o.problem) }));
  return { ok: problems.length === 0, problems };
}

function asProblem(p: ProblemBody | undefined): ApiProblem {
  return new ApiProblem(p ?? { status: 500, code: 'internal' });
}

function refuse(what: string, r: Result, again: () => void): void {
  const first = r.problems[0];
  if (!first || first.problem.status === 401) return; // the page asks to sign in
  const e = explain(first.problem);
  const who = r.problems.length === 1 ? plain(rows.get(first.id)?.name ?? '') : `${count(r.problems.length)} torrents`;
  notify({
    kind: 'bad',
    text: `${what} ${who} failed. ${e.title}`,
    detail: plain(first.problem.detail) || e.hint,
    action: e.retry ? { label: 'Try again', run: again } : undefined,
  });
}

const path = (id: string) => ({ params: { path: { id } } });

/** act are the actions. Those with several ids are one request. */
export const act = {
  pause: (ids: Ids) =>
    run(ids, {
      what: 'Pausing',
      verb: 'pause',
      looks: () => ({ paused: true, state: 'paused', down_rate: 0, up_rate: 0 }),
      one: async (id) => (await api.POST('/torrents/{id}/pause', path(id))).data,
    }),

  /** now: past the queue. */
  start: (ids: Ids, now = false) =>
    run(ids, {
      what: 'Starting',
      verb: 'start',
      args: { now },
      looks: (t) => ({ paused: false, ...(t.state === 'paused' && { state: 'queued' as const }) }),
      one: async (id) => (await api.POST('/torrents/{id}/start', { ...path(id), body: { now } })).data,
    }),

  check: (ids: Ids) =>
    run(ids, { what: 'Checking', verb: 'check', one: async (id) => (await api.POST('/torrents/{id}/check', path(id))).data }),

  announce: (ids: Ids) =>
    run(ids, { what: 'Announcing', verb: 'announce', one: async (id) => (await api.POST('/torrents/{id}/announce', path(id))).data }),

  move: (ids: Ids, dir: string, overwrite = false) =>
    run(ids, {
      what: 'Moving',
      verb: 'move',
      args: { dir, overwrite },
      one: async (id) => (await api.POST('/torrents/{id}/move', { ...path(id), body: { dir, overwrite } })).data,
    }),

  patch: (ids: Ids, patch: Patch) =>
    run(ids, {
      what: 'Changing',
      verb: 'patch',
      args: patch,
      looks: (t) => patched(t, patch),
      one: async (id) => (await api.PATCH('/torrents/{id}', { ...path(id), body: patch })).data,
    }),

  setLabels: (ids: Ids, labels: string[]) => act.patch(ids, { labels }),
  setLimits: (ids: Ids, limits: Patch['limits']) => act.patch(ids, { limits }),
  setSeed: (ids: Ids, seed: Patch['seed']) => act.patch(ids, { seed }),
  /** The place among those that wait, from 0. */
  setQueue: (ids: Ids, queue: number) => act.patch(ids, { queue }),

  remove,
  files,
  trackers,
  webSeeds,
  addPeers,
  drop,
  link,
};

/** patched is how a row will be: nested objects are replaced as wholes. */
function patched(t: Torrent, p: Patch): Partial<Torrent> {
  const out: Partial<Torrent> = {};
  if (p.labels) out.labels = p.labels;
  if (typeof p.name === 'string') out.name = p.name;
  if (typeof p.sequential === 'boolean') out.sequential = p.sequential;
  if (typeof p.paused === 'boolean') out.paused = p.paused;
  if (typeof p.queue === 'number' && t.queue !== null) out.queue = p.queue;
  if (p.limits) out.limits = { max_down: p.limits.max_down ?? t.limits.max_down, max_up: p.limits.max_up ?? t.limits.max_up };
  if (p.seed) out.seed = { ...t.seed, ...(p.seed as Partial<Torrent['seed']>) };
  return out;
}

/** remove takes torrents out, with their files if data says so. What became of the files
 *  is in removed, where it is known. */
async function remove(ids: Ids, data: 'false' | 'true' | 'partial' = 'false'): Promise<Result & { removed: { id: string; removed: Removed }[] }> {
  const removed: { id: string; removed: Removed }[] = [];
  const result = await run(ids, {
    what: 'Removing',
    verb: 'remove',
    args: { data },
    one: async (id) => {
      const r = must(await api.DELETE('/torrents/{id}', { params: { path: { id }, query: { data } } }));
      removed.push({ id, removed: r });
      return undefined;
    },
  });
  return { ...result, removed };
}

/** tried carries out what is about one torrent, and says when it is refused. */
async function tried<T>(what: string, id: string, fn: () => Promise<T>): Promise<T | undefined> {
  try {
    return await fn();
  } catch (e) {
    refuse(what, { ok: false, problems: [{ id, problem: toProblem(e) }] }, () => void tried(what, id, fn));
    return undefined;
  }
}

/** files changes how much files are wanted. The answer has all files, which may be 100,000:
 *  it is not read, the stream tells what has changed. */
function files(id: string, changes: FilePriority[]) {
  return tried('Changing the files of', id, async () => {
    const { response } = await api.PATCH('/torrents/{id}/files', { ...path(id), body: changes, parseAs: 'stream' });
    await response.body?.cancel();
    return true;
  });
}

/** trackers replaces the trackers by tiers of URLs. */
function trackers(id: string, tiers: string[][]) {
  return tried('Changing the trackers of', id, async () => {
    const now = must(await api.PUT('/torrents/{id}/trackers', { ...path(id), body: tiers }));
    queries.setQueryData(keys.trackers(id), now);
    return now;
  });
}

/** webSeeds replaces the web seeds. */
function webSeeds(id: string, urls: string[]) {
  return tried('Changing the web seeds of', id, async () => {
    const now = must(await api.PUT('/torrents/{id}/web-seeds', { ...path(id), body: urls }));
    queries.setQueryData(keys.webSeeds(id), now);
    return now;
  });
}

/** addPeers has the torrent connect to addresses. */
function addPeers(id: string, addrs: string[]) {
  return tried('Adding peers to', id, async () => must(await api.POST('/torrents/{id}/peers', { ...path(id), body: { addrs } })));
}

/** drop ends a connection; ban: for so long the address is not let in again, such as 1h. */
function drop(id: string, addr: string, ban?: string) {
  return tried('Disconnecting a peer of', id, async () => {
    await api.DELETE('/torrents/{id}/peers/{addr}', { params: { path: { id, addr }, query: ban ? { ban } : {} } });
    return true;
  });
}

/** link makes a URL that opens one file to whoever has it. */
function link(id: string, i: number) {
  return tried('Making a link to a file of', id, async () =>
    must(await api.POST('/torrents/{id}/files/{i}/links', { params: { path: { id, i } }, body: {} })),
  );
}
