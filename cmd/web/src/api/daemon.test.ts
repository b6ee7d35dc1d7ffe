// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDaemon, problem } from '../testing/daemon';
import { torrent } from '../testing/torrent';

// The page has one daemon, and its stores are one each: every test has modules of its own.
async function load() {
  vi.resetModules();
  const [{ begin, signIn, stream }, { link }, { rows }, { settings }, { spoken }] = await Promise.all([
    import('./daemon'),
    import('../store/link'),
    import('../store/rows'),
    import('../store/settings'),
    import('../store/announce'),
  ]);
  return { begin, signIn, stream, link, rows, settings, spoken };
}

let daemon: FakeDaemon;
let page: Awaited<ReturnType<typeof load>>;
let visible = true;
let end = () => {};

beforeEach(async () => {
  vi.useFakeTimers();
  visible = true;
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => !visible);
  daemon = new FakeDaemon().install();
  daemon.torrents = [torrent(1), torrent(2)];
  page = await load();
});

afterEach(() => {
  end();
  page.stream.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** pass lets time go by, and all that waits for it. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

async function live(): Promise<void> {
  end = page.begin();
  await pass();
  daemon.hello();
  await pass();
}

const streamsAsked = () => daemon.asked.filter((a) => a.startsWith('GET events'));
const state = () => page.link.get().state;

describe('following a daemon', () => {
  it('loads everything once, and goes on from there', async () => {
    await live();
    expect([...daemon.asked].sort().map((a) => a.replace(/topics=[^&]*/, 'topics'))).toEqual(['GET ', 'GET events?topics&since=10', 'GET settings', 'GET stats?history=600', 'GET torrents']);
    expect(page.link.get()).toMatchObject({ state: 'live', level: 'full', version: '1.0', serverId: 'run 1' });
    expect(page.rows.size).toBe(2);
    daemon.send('rows', { revision: 11, rows: [{ id: torrent(1).id, down_rate: 77 }], removed: [torrent(2).id] }, 11);
    await pass(100);
    expect(page.rows.get(torrent(1).id)?.down_rate).toBe(77);
    expect(page.rows.size).toBe(1);
  });

  it('comes back from where it was, and asks for settings that it may have missed', async () => {
    await live();
    daemon.send('rows', { revision: 11, rows: [], removed: [] }, 11);
    await pass();
    daemon.breaks();
    await pass();
    expect(page.link.get()).toMatchObject({ state: 'reconnecting', nextTry: Date.now() + 1000 });
    daemon.settingsRevision = 2;
    await pass(1000);
    expect(streamsAsked()[1]).toContain('since=11');
    daemon.hello();
    await pass();
    expect(state()).toBe('live');
    expect(page.settings.get()?.revision).toBe(2);
    expect(daemon.asked.filter((a) => a === 'GET torrents')).toHaveLength(1);
  });

  it('remembers since when it is lost', async () => {
    await live();
    daemon.faults.set('events', () => problem(503, 'not_ready', 'it starts'));
    const lost = Date.now();
    daemon.breaks();
    await pass(20_000);
    expect(page.link.get()).toMatchObject({ state: 'reconnecting', since: lost, detail: 'it starts' });
  });

  it('loads everything again from another run', async () => {
    await live();
    daemon.serverId = 'run 2';
    daemon.revision = 3;
    daemon.torrents = [torrent(7)];
    daemon.breaks();
    await pass(1000);
    daemon.hello();
    await pass();
    daemon.hello();
    await pass();
    expect(page.link.get()).toMatchObject({ state: 'live', serverId: 'run 2' });
    expect(page.rows.ids({ states: [], labels: [], trackers: [], dirs: [], q: '', sort: [] })).toEqual([torrent(7).id]);
    expect(streamsAsked().at(-1)).toContain('since=3');
  });

  it('says that the daemon is of another version, and goes on', async () => {
    await live();
    daemon.serverId = 'run 2';
    daemon.version = '1.1';
    daemon.breaks();
    await pass(1000);
    daemon.hello();
    await pass();
    daemon.hello();
    await pass();
    expect(page.link.get()).toMatchObject({ state: 'other-version', version: '1.1' });
    expect(page.rows.size).toBe(2);
  });

  it.each([
    ['a reset', () => daemon.send('reset', { revision: 50 }, 50)],
    ['an event that is no JSON', () => daemon.send('rows', '{"rows":', 11)],
    ['an event of another shape', () => daemon.send('rows', { rows: 5 }, 11)],
  ])('loads everything again after %s', async (_, send) => {
    await live();
    daemon.torrents = [torrent(9)];
    send();
    await pass(1000);
    daemon.hello();
    await pass();
    expect(state()).toBe('live');
    expect(page.rows.get(torrent(9).id)).toBeDefined();
  });

  it('tells an end that was announced from one that was not', async () => {
    await live();
    daemon.send('bye', { reason: 'the daemon stops' });
    daemon.breaks();
    daemon.faults.set('events', () => Promise.reject(new TypeError('Failed to fetch')));
    await pass(5000);
    expect(state()).toBe('stopped');
    daemon.faults.clear();
    await pass(30_000);
    daemon.hello();
    await pass();
    expect(state()).toBe('live');
    daemon.breaks();
    await pass();
    expect(state()).toBe('reconnecting');
  });

  it('tells a machine without a network from a daemon that is gone, and tries when it is back', async () => {
    await live();
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    daemon.breaks();
    await pass();
    expect(state()).toBe('offline');
    const before = streamsAsked().length;
    dispatchEvent(new Event('online'));
    await pass();
    expect(streamsAsked()).toHaveLength(before + 1);
  });

  it('keeps trying when there is no answer at first', async () => {
    daemon.faults.set('torrents', () => Promise.reject(new TypeError('Failed to fetch')));
    end = page.begin();
    await pass(2000);
    expect(state()).toBe('reconnecting');
    daemon.faults.clear();
    await pass(4000);
    daemon.hello();
    await pass();
    expect(state()).toBe('live');
  });

  it('says which torrent is complete, and nothing of those that were only checked', async () => {
    await live();
    for (const what of ['completed', 'checked']) {
      daemon.send('torrent', { id: torrent(1).id, what, name: `it ${what}`, at: new Date().toISOString() }, 12);
      await pass();
    }
    expect(page.spoken.get()).toBe('it completed completed');
  });

  it('goes by the clock of the daemon', async () => {
    end = page.begin();
    await pass();
    daemon.send('hello', { server_id: 'run 1', revision: 10, now: new Date(Date.now() - 3600_000).toISOString() }, 10);
    await pass();
    expect(page.link.get().skew).toBe(-3600_000);
  });
});

describe('signing in', () => {
  it('is asked for once the cookie is no good, and no request repeats itself', async () => {
    for (const path of ['', 'torrents', 'stats', 'settings']) daemon.faults.set(path, () => problem(401, 'unauthorized'));
    end = page.begin();
    await pass(60_000);
    expect(state()).toBe('signed-out');
    expect(daemon.asked).toHaveLength(4);
    daemon.faults.clear();
    daemon.access = 'read';
    await page.signIn({ token: 'x' });
    await pass();
    daemon.hello();
    await pass();
    expect(page.link.get()).toMatchObject({ state: 'live', level: 'read' });
  });

  it('happens by the code of a link before anything else', async () => {
    end = page.begin('abc');
    await pass();
    expect(daemon.asked[0]).toBe('POST session');
    expect(daemon.asked).toContain('GET torrents');
  });

  it('says that it is wrong, and stays', async () => {
    daemon.faults.set('session', () => problem(401, 'unauthorized', 'wrong token or code'));
    await expect(page.signIn({ token: 'x' })).rejects.toMatchObject({ status: 401, detail: 'wrong token or code' });
    expect(state()).toBe('signed-out');
    expect(daemon.asked).toEqual(['POST session']);
  });

  it('cannot be where the daemon is not called so', async () => {
    for (const path of ['', 'torrents', 'stats', 'settings']) daemon.faults.set(path, () => problem(421, 'misdirected', 'allow the name with --host'));
    end = page.begin();
    await pass(60_000);
    expect(page.link.get()).toMatchObject({ state: 'refused-host', detail: 'allow the name with --host' });
  });
});

describe('a page that nobody sees', () => {
  const look = (yes: boolean) => {
    visible = yes;
    document.dispatchEvent(new Event('visibilitychange'));
  };

  it('gives its connection back after five minutes, and goes on when it is seen', async () => {
    await live();
    look(false);
    await pass(299_000);
    // A daemon gives signs of life; without them the stream would be given up for that.
    expect(streamsAsked().length).toBeGreaterThan(0);
    await pass(2000);
    const before = streamsAsked().length;
    await pass(600_000);
    expect(streamsAsked()).toHaveLength(before);
    look(true);
    await pass();
    expect(streamsAsked()).toHaveLength(before + 1);
    expect(streamsAsked().at(-1)).toContain('since=10');
  });

  it('keeps it when it is seen again before', async () => {
    await live();
    look(false);
    await pass(10_000);
    look(true);
    await pass(20_000);
    expect(streamsAsked()).toHaveLength(1);
  });
});
