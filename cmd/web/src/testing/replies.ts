import { vi } from 'vitest';

/** A request that the page has made. */
export interface Call {
  method: string;
  url: URL;
  headers: Headers;
  body: unknown;
}

/** replies answers all requests of a test, and keeps them. What is thrown is silence. */
export function replies(reply: (call: Call) => Response | Promise<Response>): Call[] {
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
