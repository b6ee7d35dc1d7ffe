import { reach } from '../store/announce';
import { link } from '../store/link';
import { refusedCode } from '../store/login';
import { rows } from '../store/rows';
import { settings, takeSettings } from '../store/settings';
import { applyStats, loadStats } from '../store/stats';
import { api, ask, must } from './client';
import { Stream, type StreamIO, type StreamSink } from './events';
import { heard } from './item';
import type { Message } from './parser';
import { toProblem, type ApiProblem } from './problem';
import type { About, Hello, Milestone, RowsEvent, Settings, StatsEvent, TorrentPage } from './types';

// How the page follows the daemon: it loads everything once, and then lives of events.

let goodbye = false; // the daemon has said that it ends
let firstVersion = ''; // of the daemon, when the page was loaded from it

/** load fills the stores, and returns the revision at which they are. */
async function load(signal: AbortSignal): Promise<string> {
  const figures = Promise.all([
    api.GET('/stats', { params: { query: { history: 600 } }, signal }).then((a) => loadStats(must(a), Date.now())),
    api.GET('/settings', { signal }).then((a) => settings.set(must(a))),
  ]);
  figures.catch(nothing); // it is waited for below, unless the list fails before
  const [about, page] = await Promise.all([
    api.GET('/', { signal }).then(must<About>),
    api.GET('/torrents', { signal }).then((a) => must(a) as TorrentPage),
  ]);
  firstVersion ||= about.version;
  link.update({ level: about.access === 'read' ? 'read' : 'full', version: about.version, serverId: about.server_id, maxTorrent: about.limits.torrent_bytes });
  rows.load(page);
  await figures;
  return String(page.revision);
}

const io: StreamIO = {
  async open(query, lastId, signal) {
    query.set('since', lastId ?? (await load(signal)));
    return ask(`events?${query.toString()}`, { signal, headers: { Accept: 'text/event-stream' }, cache: 'no-store' });
  },
  now: () => Date.now(),
  later(fn, ms) {
    const t = setTimeout(fn, ms);
    return () => clearTimeout(t);
  },
};

const sink: StreamSink = {
  live() {
    goodbye = false;
    const other = firstVersion !== '' && link.get().version !== firstVersion;
    link.update({ state: other ? 'other-version' : 'live' });
  },
  lost(why: ApiProblem, nextTry: number | undefined) {
    const state = link.get().state;
    if (state === 'signed-out' || state === 'refused-host') return; // said by the answer
    const now = goodbye ? 'stopped' : navigator.onLine ? 'reconnecting' : 'offline';
    link.update({ state: now, nextTry, detail: why.detail });
  },
  event: take,
};

function take(m: Message): void {
  const v: unknown = JSON.parse(m.data);
  switch (m.event) {
    case 'hello':
      return greet(v as Hello);
    case 'rows':
      return rows.apply(v as RowsEvent);
    case 'stats':
      return applyStats(v as StatsEvent, Date.now());
    case 'settings':
      return takeSettings(v as Settings);
    case 'torrent':
      return reach(v as Milestone);
    case 'reset':
      return stream.restart(); // more has happened than the daemon remembers
    case 'bye':
      goodbye = true;
      return;
    default:
      heard(m.event, v);
  }
}

let greeted = false;

function greet(h: Hello): void {
  heard('hello', h);
  link.update({ skew: Date.parse(h.now) - Date.now() });
  if (h.server_id !== link.get().serverId) return stream.restart(); // another run: its revisions are others
  // A stream tells of settings that change while it lasts; between two, nobody does.
  if (greeted) void api.GET('/settings').then((a) => takeSettings(must(a)), nothing);
  greeted = true;
}

/** stream are the events of the daemon. */
export const stream = new Stream(io, sink);

/** How long a page that nobody sees keeps its connection, in ms: a browser has six for all
 *  its pages of an origin. */
const unseen = 5 * 60_000;

/** begin follows the daemon until the answer is called. A code of a link signs in
 *  first. */
export function begin(code?: string): () => void {
  const entry = code === undefined ? Promise.resolve() : api.POST('/session', { body: { code } }).then(nothing, (e: unknown) => refusedCode.set(toProblem(e)));
  let entered = false;
  void entry.then(() => {
    entered = true;
    stream.start();
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const online = () => stream.tryNow();
  const seen = () => {
    clearTimeout(timer);
    const { state } = link.get();
    if (state === 'signed-out' || state === 'refused-host') return;
    if (document.hidden) timer = setTimeout(() => stream.stop(), unseen);
    else if (entered) stream.start();
  };
  addEventListener('online', online);
  document.addEventListener('visibilitychange', seen);
  return () => {
    removeEventListener('online', online);
    document.removeEventListener('visibilitychange', seen);
    clearTimeout(timer);
    stream.stop();
  };
}

const nothing = () => undefined;

/** signIn trades a token or a code for a cookie; it throws an ApiProblem. */
export async function signIn(by: { token: string } | { code: string }): Promise<void> {
  await api.POST('/session', { body: by });
  refusedCode.set(undefined);
  link.update({ state: 'loading' });
  stream.restart(); // another token may do less
}

/** signOut ends the login, and forgets what was seen. */
export async function signOut(): Promise<void> {
  await api.DELETE('/session');
  stream.stop();
  location.reload();
}
