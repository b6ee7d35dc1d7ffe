import type { ProblemBody } from './types';

/** A request that came to nothing: as the daemon says it, or because it says nothing. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  /** The HTTP status; 0: there was no answer. */
  readonly status: number;
  /** One word; `unreachable` when there was no answer. */
  readonly code: string;
  readonly title: string;
  /** One line: what failed, and what to do. It may hold text of strangers. */
  readonly detail: string;
  readonly errors: readonly { location: string; message: string }[];
  /** Seconds after which it is worth trying again; undefined: nobody said. */
  readonly retryAfter: number | undefined;

  constructor(p: Partial<ProblemBody> & { status: number; retryAfter?: number }) {
    super(p.detail ?? p.title ?? `status ${p.status}`);
    this.status = p.status;
    this.code = p.code ?? (p.status === 0 ? 'unreachable' : 'other');
    this.title = p.title ?? '';
    this.detail = p.detail ?? '';
    this.errors = p.errors ?? [];
    this.retryAfter = p.retryAfter;
  }
}

/** The most of an error's text that is kept: a proxy may answer with a page. */
const maxDetail = 2000;

/** problemOf reads an answer that is no success. What is not a problem by RFC 9457 comes
 *  from something between us and the daemon. */
export async function problemOf(r: Response): Promise<ApiProblem> {
  const wait = Number(r.headers.get('Retry-After'));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : undefined;
  let body: Partial<ProblemBody> = {};
  if (r.headers.get('Content-Type')?.includes('json')) {
    const v: unknown = await r.json().catch(() => undefined);
    if (typeof v === 'object' && v !== null) body = v;
  }
  const text = (s: unknown) => (typeof s === 'string' ? s.slice(0, maxDetail) : undefined);
  return new ApiProblem({
    status: r.status,
    code: text(body.code),
    title: text(body.title) ?? r.statusText,
    detail: text(body.detail),
    errors: Array.isArray(body.errors) ? body.errors : [],
    retryAfter,
  });
}

/** toProblem is whatever was thrown, as a problem. */
export function toProblem(e: unknown): ApiProblem {
  if (e instanceof ApiProblem) return e;
  return new ApiProblem({ status: 0, code: 'unreachable', detail: e instanceof Error ? e.message : String(e) });
}

/** What a person is told of a problem. */
export interface Explanation {
  title: string;
  hint?: string;
  /** The same again may succeed. */
  retry: boolean;
}

const byCode: Record<string, Explanation> = {
  unreachable: { title: 'The daemon does not answer.', hint: 'It may have stopped, or the network is down.', retry: true },
  no_space: { title: 'There is not enough room on the disk.', hint: 'Remove something, or choose another folder.', retry: true },
  locked: { title: 'Another program has these files.', hint: 'End it, then try again.', retry: true },
  fetch: { title: 'The address could not be read.', hint: 'See whether it opens in a browser.', retry: true },
  no_metadata: { title: 'Nobody could say what is in this torrent.', hint: 'Try again when more peers are there.', retry: true },
  not_ready: { title: 'The daemon cannot do this now.', hint: 'It starts, stops, or cannot write its state.', retry: true },
  malformed: { title: 'This is not a torrent.', retry: false },
  mismatch: { title: 'The files on disk are other ones.', retry: false },
};

const byStatus: Record<number, Explanation> = {
  400: { title: 'The daemon did not understand the request.', retry: false },
  401: { title: 'You are signed out.', hint: 'Sign in again.', retry: false },
  403: { title: 'This is not allowed.', retry: false },
  404: { title: 'It is not there any more.', retry: false },
  405: { title: 'The daemon cannot do this.', retry: false },
  408: { title: 'The upload took too long.', retry: true },
  409: { title: 'This does not fit what the torrent is doing.', retry: true },
  410: { title: 'The list has changed too much; it is loaded again.', retry: true },
  412: { title: 'Somebody else has changed this meanwhile.', hint: 'Look at the new values, then try again.', retry: false },
  413: { title: 'This is too large.', retry: false },
  415: { title: 'This kind of file is not taken.', retry: false },
  421: { title: 'The daemon is not called by this name.', hint: 'Allow the name with --host when it starts.', retry: false },
  422: { title: 'A value cannot be used.', retry: false },
  429: { title: 'Too many tries.', hint: 'Wait a little.', retry: true },
  500: { title: 'The daemon made a mistake.', hint: 'Its log says more.', retry: true },
  502: { title: 'What was asked for could not be fetched.', retry: true },
  503: { title: 'The daemon cannot do this now.', retry: true },
  504: { title: 'It took too long.', retry: true },
  507: { title: 'There is not enough room on the disk.', hint: 'Remove something, or choose another folder.', retry: true },
};

/** explain says in plain words what went wrong; the problem's own detail stands beside it. */
export function explain(p: unknown): Explanation {
  const problem = toProblem(p);
  const known = byCode[problem.code] ?? byStatus[problem.status];
  if (known === undefined) {
    return problem.status >= 500
      ? { title: 'The daemon, or something before it, failed.', retry: true }
      : { title: 'The daemon refused this.', retry: false };
  }
  if (problem.status === 429 && problem.retryAfter !== undefined) {
    return { ...known, hint: `Wait ${problem.retryAfter} s.` };
  }
  return known;
}
