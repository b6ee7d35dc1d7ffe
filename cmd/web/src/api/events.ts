import { EventParser, type Message } from './parser';
import { ApiProblem, toProblem } from './problem';

/** Topics of the one torrent that is open. */
export type ItemTopic = 'peers' | 'pieces' | 'files';

/** What a Stream needs of its surroundings; tests have their own. */
export interface StreamIO {
  /** open asks for events after an id; undefined: nothing is known, or nothing holds any
   *  more. What it answers is a success; it throws an ApiProblem. */
  open(query: URLSearchParams, lastId: string | undefined, signal: AbortSignal): Promise<Response>;
  now(): number;
  /** later calls fn after ms unless the answer is called. */
  later(fn: () => void, ms: number): () => void;
}

/** Who is told what a Stream hears. */
export interface StreamSink {
  event(m: Message): void;
  /** The stream stands; the first event has come. */
  live(): void;
  /** It is lost, and tried again at a time (ms); undefined: not by itself. */
  lost(why: ApiProblem, nextTry: number | undefined): void;
}

interface Watched {
  id: string;
  topics: readonly ItemTopic[];
}

const topics = 'rows,stats,torrents,settings';
/** The daemon gives a sign of life every 15 s. */
const silence = 45_000;
const backoff = { least: 1000, most: 30_000 };
/** How long a connection must have lasted to have been a good one. */
const stood = 10_000;
/** How long a change of what is watched waits for the next one. */
const settle = 150;

/** Stream follows the events of a daemon: it comes back by itself when the connection
 *  breaks, from where it was. It has one connection at a time: browsers have six for all
 *  their pages of an origin. */
export class Stream {
  readonly #io: StreamIO;
  readonly #sink: StreamSink;
  #lastId: string | undefined;
  #watched: Watched[] = []; // the last one says which torrent
  #asked = ''; // the query of the connection
  #abort: AbortController | undefined;
  #cancel: (() => void) | undefined; // of the timer that is set: next try, or silence
  #failures = 0;
  #least = backoff.least;
  #running = false;
  #opened = 0; // when the connection was begun

  constructor(io: StreamIO, sink: StreamSink) {
    this.#io = io;
    this.#sink = sink;
  }

  /** start begins, or goes on from where it was stopped. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#failures = 0;
    this.#connect();
  }

  /** restart begins anew: what was heard so far is void. */
  restart(): void {
    this.#lastId = undefined;
    this.#running = true;
    this.#connect();
  }

  /** stop ends the connection; start goes on from there. */
  stop(): void {
    this.#running = false;
    this.#drop();
  }

  /** tryNow does not wait for the next try. */
  tryNow(): void {
    if (this.#running && !this.#abort) this.#connect();
  }

  /** watch asks for topics of a torrent, until the answer is called. Of several
   *  torrents the one that was asked for last is served: a stream has one. */
  watch(id: string, itemTopics: readonly ItemTopic[]): () => void {
    const mine = { id, topics: itemTopics };
    this.#watched.push(mine);
    this.#reopen();
    return () => {
      this.#watched = this.#watched.filter((w) => w !== mine);
      this.#reopen();
    };
  }

  #reopen(): void {
    if (!this.#running || !this.#abort) return;
    this.#cancel?.();
    const abort = this.#abort;
    this.#cancel = this.#io.later(() => {
      if (this.#query().toString() === this.#asked) this.#listen(abort);
      else this.#connect();
    }, settle);
  }

  #drop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#abort?.abort();
    this.#abort = undefined;
  }

  #query(): URLSearchParams {
    const id = this.#watched.at(-1)?.id;
    if (id === undefined) return new URLSearchParams({ topics });
    const more = new Set(this.#watched.filter((w) => w.id === id).flatMap((w) => w.topics));
    return new URLSearchParams({ topics: [topics, ...[...more].sort()].join(','), torrent: id });
  }

  #connect(): void {
    this.#drop();
    const abort = new AbortController();
    this.#abort = abort;
    this.#opened = this.#io.now();
    void this.#follow(abort).catch((e: unknown) => {
      if (this.#abort === abort) this.#fail(toProblem(e));
    });
  }

  async #follow(abort: AbortController): Promise<void> {
    this.#listen(abort);
    const query = this.#query();
    this.#asked = query.toString();
    const r = await this.#io.open(query, this.#lastId, abort.signal);
    if (!r.body) throw new ApiProblem({ status: 0, detail: 'the stream is empty' });
    const reader = r.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (abort.signal.aborted) return;
      if (done) throw new ApiProblem({ status: 0, detail: 'the daemon ended the stream' });
      this.#listen(abort);
      for (const m of parser.push(decoder.decode(value, { stream: true }))) {
        this.#take(m);
        if (abort.signal.aborted) return; // what was heard has led to another connection
      }
      if (parser.retry !== undefined) this.#least = Math.min(Math.max(parser.retry, backoff.least), backoff.most);
    }
  }

  /** listen gives a connection up that stays silent. */
  #listen(abort: AbortController): void {
    this.#cancel?.();
    this.#cancel = this.#io.later(() => {
      if (this.#abort !== abort) return;
      abort.abort();
      this.#fail(new ApiProblem({ status: 0, detail: 'the daemon is silent' }));
    }, silence);
  }

  #take(m: Message): void {
    if (m.event === 'hello') this.#sink.live();
    if (m.id !== undefined) this.#lastId = m.id;
    try {
      this.#sink.event(m);
    } catch (e) {
      this.#lastId = undefined; // it is lost: what comes after it does not help
      throw e;
    }
  }

  #fail(why: ApiProblem): void {
    this.#drop();
    if (!this.#running) return;
    // Without leave it would be refused again and again, and counted.
    if (why.status === 401 || why.status === 403 || why.status === 421) {
      this.#running = false;
      this.#sink.lost(why, undefined);
      return;
    }
    if (why.status === 404 && this.#watched.length > 0) {
      this.#watched = []; // that torrent went, not the daemon
      this.#connect();
      return;
    }
    // One that breaks as soon as it stands is no better than one that does not stand.
    if (this.#io.now() - this.#opened > stood) this.#failures = 0;
    const wait = Math.min(this.#least * 2 ** this.#failures, backoff.most);
    const ms = Math.max(wait, (why.retryAfter ?? 0) * 1000);
    this.#failures++;
    this.#cancel = this.#io.later(() => this.#connect(), ms);
    this.#sink.lost(why, this.#io.now() + ms);
  }
}
