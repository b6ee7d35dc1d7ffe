import createClient, { type Middleware } from 'openapi-fetch';
import { link } from '../store/link';
import { ApiProblem, problemOf, toProblem } from './problem';
import type { paths } from './schema';

/** base is where the API is, below whatever path a proxy puts the page. */
export const base = new URL('api/v1/', document.baseURI);

/** marks say that a page asks: without them a browser that is not signed in would open a
 *  window of its own for a password, and have the page wait for it. */
const marks = { 'X-Requested-With': 'gotor' };

/** told has the link know what an answer says about it. */
function told(p: ApiProblem): ApiProblem {
  if (p.status === 401) link.update({ state: 'signed-out' });
  if (p.status === 421) link.update({ state: 'refused-host', detail: p.detail });
  return p;
}

/** Every answer that is no success is thrown, as is silence: who calls has data or a
 *  problem, never both. */
const throwing: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(marks)) request.headers.set(name, value);
  },
  async onResponse({ response }) {
    if (!response.ok && response.status !== 304) throw told(await problemOf(response));
  },
  onError({ error }) {
    const aborted = error instanceof DOMException && error.name === 'AbortError';
    return aborted ? error : toProblem(error);
  },
};

export const api = createClient<paths>({
  baseUrl: base.href.replace(/\/$/, ''),
  credentials: 'same-origin',
  // What is current when it is called: tests put another one there.
  fetch: (r) => globalThis.fetch(r),
});
api.use(throwing);

/** ask is fetch of a path below the API, for what has no JSON: uploads and streams. */
export async function ask(path: string, init?: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
  let r: Response;
  try {
    r = await fetch(new URL(path, base), { credentials: 'same-origin', ...init, headers: { ...marks, ...init?.headers } });
  } catch (e) {
    if (init?.signal?.aborted) throw e;
    throw toProblem(e);
  }
  if (!r.ok) throw told(await problemOf(r));
  return r;
}

/** must is the data of an answer that has some. */
export function must<T>(answer: { data?: T }): T {
  if (answer.data === undefined) throw new ApiProblem({ status: 0, code: 'unreachable', detail: 'the answer is empty' });
  return answer.data;
}
