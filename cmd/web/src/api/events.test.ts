import { beforeEach, describe, expect, it } from 'vitest';
import { Stream } from './events';
import type { Message } from './parser';
import { ApiProblem } from './problem';

/** A daemon whose streams the test writes, and a clock that the test turns. */
class Lab {
  now = 0;
  timers: { at: number; fn: () => void }[] = [];
  /** Of each connection: what it asked for, and the end that the test writes to. */
  asked: { query: URLSearchParams; lastId: string | undefined; signal: AbortSignal; body: ReadableStreamDefaultController<Uint8Array> }[] = [];
  refuse: ApiProblem | undefined;
  onRefusal = () => {};
  onEvent = (_: Message) => {};
  heard: Message[] = [];
  told: string[] = [];

  stream = new Stream(
    {
      open: (query, lastId, signal) => {
        if (this.refuse) {
          const why = this.refuse;
          this.onRefusal();
          return Promise.reject(why);
        }
        return new Promise((ok) => {
          const body = new ReadableStream<Uint8Array>({
            start: (c) => {
              this.asked.push({ query, lastId, signal, body: c });
              signal.addEventListener('abort', () => c.error(new DOMException('', 'AbortError')));
            },
          });
          ok(new Response(body));
        });
      },
      now: () => this.now,
      later: (fn, ms) => {
        const t = { at: this.now + ms, fn };
        this.timers.push(t);
        return () => {
          this.timers = this.timers.filter((x) => x !== t);
        };
      },
    },
    {
      event: (m) => {
        this.heard.push(m);
        this.onEvent(m);
      },
      live: () => this.told.push('live'),
      lost: (why, next) => this.told.push(`lost ${why.status || why.detail} ${next === undefined ? 'for good' : `until ${next}`}`),
    },
  );

  get last() {
    const a = this.asked.at(-1);
    if (!a) throw new Error('nobody asked');
    return a;
  }

  /** send writes to the last connection, and lets it be read. */
  async send(text: string): Promise<void> {
    this.last.body.enqueue(new TextEncoder().encode(text));
    await settle();
  }

  /** pass turns the clock. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.now = next.at;
      this.timers = this.timers.filter((t) => t !== next);
      next.fn();
      await settle();
    }
    this.now = end;
  }
}

/** settle lets everything happen that waits for nothing but its turn. */
const settle = () => new Promise<void>((ok) => setTimeout(ok, 0));

const hello = 'retry: 3000\n\nevent: hello\nid: 5\ndata: {}\n\n';

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});

const begin = async () => {
  lab.stream.start();
  await settle();
  await lab.send(hello);
};

describe('Stream', () => {
  it('asks for the list, and tells what comes', async () => {
    await begin();
    await lab.send('event: rows\nid: 6\ndata: {"re');
    await lab.send('vision":6}\n\n');
    expect(lab.last.query.get('topics')).toBe('rows,stats,torrents,settings');
    expect(lab.told).toEqual(['live']);
    expect(lab.heard.map((m) => [m.event, m.data])).toEqual([
      ['hello', '{}'],
      ['rows', '{"revision":6}'],
    ]);
  });

  it('reads a sign that is cut in two', async () => {
    await begin();
    const bytes = new TextEncoder().encode('data: ü\n\n');
    lab.last.body.enqueue(bytes.slice(0, 7));
    lab.last.body.enqueue(bytes.slice(7));
    await settle();
    expect(lab.heard.at(-1)?.data).toBe('ü');
  });

  it('comes back after the end, from the last event', async () => {
    await begin();
    await lab.send('event: rows\nid: 6\ndata: {}\n\n');
    lab.last.body.close();
    await settle();
    expect(lab.told).toEqual(['live', 'lost the daemon ended the stream until 3000']);
    expect(lab.asked).toHaveLength(1);
    await lab.pass(3000);
    expect(lab.asked).toHaveLength(2);
    expect(lab.last.lastId).toBe('6');
  });

  it('waits longer each time, at most 30 s', async () => {
    lab.refuse = new ApiProblem({ status: 0 });
    lab.stream.start();
    await settle();
    await lab.pass(200_000);
    const until = lab.told.map((t) => Number(t.split('until ')[1]));
    expect(until.slice(0, 8)).toEqual([1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000, 121_000]);
  });

  it('waits longer, too, for one that breaks as soon as it stands', async () => {
    await begin();
    for (const want of [3000, 9000, 21_000]) {
      lab.last.body.close();
      await settle();
      expect(lab.told.at(-1)).toContain(`until ${want}`);
      await lab.pass(want - lab.now);
      await lab.send(hello);
    }
    await lab.pass(11_000);
    lab.last.body.close();
    await settle();
    expect(lab.told.at(-1)).toContain(`until ${lab.now + 3000}`);
  });

  it('waits as long as it is told', async () => {
    lab.refuse = new ApiProblem({ status: 429, retryAfter: 40 });
    lab.stream.start();
    await settle();
    expect(lab.told).toEqual(['lost 429 until 40000']);
  });

  it.each([401, 403, 421])('does not try %i again by itself', async (status) => {
    lab.refuse = new ApiProblem({ status });
    lab.stream.start();
    await settle();
    expect(lab.told).toEqual([`lost ${status} for good`]);
    await lab.pass(100_000);
    expect(lab.told).toHaveLength(1);
    lab.refuse = undefined;
    lab.stream.start();
    await settle();
    expect(lab.asked).toHaveLength(1);
  });

  it('gives up a connection that is silent', async () => {
    await begin();
    await lab.pass(44_000);
    await lab.send(':\n\n');
    await lab.pass(44_000);
    expect(lab.told).toEqual(['live']);
    await lab.pass(1000);
    expect(lab.told.at(-1)).toMatch(/^lost the daemon is silent/);
    expect(lab.asked[0]?.signal.aborted).toBe(true);
  });

  it('tries at once when it is told to', async () => {
    await begin();
    lab.last.body.close();
    await settle();
    lab.stream.tryNow();
    await settle();
    expect(lab.asked).toHaveLength(2);
    await lab.pass(3000);
    expect(lab.asked).toHaveLength(2);
  });

  it('is quiet once it is stopped, and goes on from there', async () => {
    await begin();
    lab.stream.stop();
    await lab.pass(100_000);
    expect(lab.asked).toHaveLength(1);
    expect(lab.asked[0]?.signal.aborted).toBe(true);
    expect(lab.told).toEqual(['live']);
    lab.stream.start();
    await settle();
    expect(lab.last.lastId).toBe('5');
  });

  it('begins anew after what makes the rest void', async () => {
    await begin();
    lab.stream.restart();
    await settle();
    expect(lab.asked[0]?.signal.aborted).toBe(true);
    expect(lab.last.lastId).toBeUndefined();
    expect(lab.told).toEqual(['live']);
  });

  it('begins anew after an event that cannot be taken', async () => {
    await begin();
    lab.onEvent = () => {
      throw new Error('no JSON');
    };
    await lab.send('event: rows\nid: 6\ndata: {\n\n');
    expect(lab.told.at(-1)).toBe('lost no JSON until 3000');
    await lab.pass(3000);
    expect(lab.last.lastId).toBeUndefined();
  });

  it('breaks at an event that never ends, and comes back', async () => {
    await begin();
    await lab.send('data: ' + 'x'.repeat(17 << 20));
    expect(lab.told.at(-1)).toMatch(/^lost an event is too long/);
  });
});

describe('watch', () => {
  it('asks for topics of the torrent that is open, once things are calm', async () => {
    await begin();
    lab.stream.watch('aa', ['peers'])();
    lab.stream.watch('bb', ['pieces']);
    lab.stream.watch('bb', ['peers']);
    await lab.pass(149);
    expect(lab.asked).toHaveLength(1);
    await lab.pass(1);
    expect(lab.asked).toHaveLength(2);
    expect(Object.fromEntries(lab.last.query)).toEqual({ topics: 'rows,stats,torrents,settings,peers,pieces', torrent: 'bb' });
    expect(lab.last.lastId).toBe('5');
  });

  it('keeps the connection that has what is asked for', async () => {
    await begin();
    lab.stream.watch('aa', ['peers']);
    await lab.pass(150);
    lab.stream.watch('aa', ['peers'])();
    await lab.pass(150);
    expect(lab.asked).toHaveLength(2);
    await lab.pass(44_000);
    await lab.pass(1000); // its silence is still heard
    expect(lab.told.at(-1)).toMatch(/^lost the daemon is silent/);
  });

  it('ends with the torrent that is closed, not with one before it', async () => {
    await begin();
    const first = lab.stream.watch('aa', ['peers']);
    const second = lab.stream.watch('bb', ['peers']);
    first();
    await lab.pass(150);
    expect(lab.last.query.get('torrent')).toBe('bb');
    second();
    await lab.pass(150);
    expect(lab.last.query.has('torrent')).toBe(false);
  });

  it('does not end with a torrent that is not there any more', async () => {
    await begin();
    lab.refuse = new ApiProblem({ status: 404 });
    lab.stream.watch('aa', ['peers']);
    lab.onRefusal = () => {
      lab.refuse = undefined;
    };
    await lab.pass(150);
    expect(lab.last.query.has('torrent')).toBe(false);
    expect(lab.told).toEqual(['live']);
  });
});
