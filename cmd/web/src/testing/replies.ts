import { vi } from 'vitest';

/** A request that the page has made. */
export interface Call {
  method: string;
  url: URL;
  headers: Headers;
  body: unknown;
}

/** answer is one in JSON; a problem from 400 on. */
export function answer(status: number, body?: unknown, headers: Record<string, string> = {}): Response {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers: { 'Content-Type': type, ...headers } });
}

/** problem is an answer that refuses. */
export const problem = (status: number, code: string, detail = '', headers: Record<string, string> = {}): Response =>
  answer(status, { type: `urn:gotor:problem:${code}`, title: '', status, code, detail }, headers);

/** daemon answers all requests of a test, and keeps them. What is thrown is silence. */
export function daemon(reply: (call: Call) => Response | Promise<Response>): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal('fetch', async (input: Request | URL | string, init?: RequestInit) => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? String(input));
    const body = request ? await request.clone().text() : init?.body;
    const call: Call = { method: request?.method ?? init?.method ?? 'GET', url, headers: request?.headers ?? new Headers(init?.headers), body };
    calls.push(call);
    return reply(call);
  });
  return calls;
}
