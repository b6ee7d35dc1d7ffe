import { api, ask, must } from '../api/client';
import { EventParser } from '../api/parser';
import { toProblem, type ApiProblem } from '../api/problem';
import type { Log } from '../api/types';

/** How long it waits until it tries again, in ms. */
const pause = 5000;

/** Who is told. */
export interface Told {
  lines: (more: Log[]) => void;
  /** It is lost, and tried again; undefined: it goes on. */
  trouble: (why: ApiProblem | undefined) => void;
}

/**
 * follow tells the log, from its newest lines on, until signal ends it. It has a stream of
 * its own: only who looks at the log pays for it. What is missed between a break and the
 * next try is asked for.
 */
export async function follow(told: Told, signal: AbortSignal): Promise<void> {
  let last = 0;
  const take = (lines: Log[]) => {
    last = Math.max(last, ...lines.map((l) => l.seq));
    told.lines(lines);
  };
  while (!signal.aborted) {
    try {
      const page = must(await api.GET('/logs', { params: { query: { since: last, limit: 1000, level: 'debug' } }, signal }));
      if (signal.aborted) return; // its answer came all the same
      take(page.lines);
      told.trouble(undefined);
      await listen(take, signal);
    } catch (e) {
      if (signal.aborted) return;
      told.trouble(toProblem(e));
      await wait(pause, signal);
    }
  }
}

async function listen(take: (lines: Log[]) => void, signal: AbortSignal): Promise<void> {
  const r = await ask('events?topics=logs', { signal, headers: { Accept: 'text/event-stream' } });
  const reader = r.body?.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  for (;;) {
    const next = await reader?.read();
    if (!next || next.done) return;
    const lines = parser.push(decoder.decode(next.value, { stream: true })).filter((m) => m.event === 'log');
    if (lines.length > 0) take(lines.map((m) => JSON.parse(m.data) as Log));
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); done(); }, { once: true });
  });
}
