import { vi } from 'vitest';
import type { Torrent } from '../api/types';

const knob = <T>(value: T) => ({ value, from: 'default', fixed: false });

/** FakeDaemon answers fetch as a daemon does, as far as following it needs. */
export class FakeDaemon {
  serverId = 'run 1';
  version = '1.0';
  access: 'full' | 'read' = 'full';
  revision = 10;
  torrents: Torrent[] = [];
  settingsRevision = 1;
  /** Answered instead, by path: 'torrents', 'events', ... */
  faults = new Map<string, () => Response | Promise<Response>>();
  /** What was asked for: 'GET torrents', with the query. */
  asked: string[] = [];
  streams: ReadableStreamDefaultController<Uint8Array>[] = [];

  /** install takes the place of fetch. */
  install(): this {
    vi.stubGlobal('fetch', (to: Request | URL | string, init?: RequestInit) => this.answer(new Request(to, init)));
    return this;
  }

  async answer(r: Request): Promise<Response> {
    const url = new URL(r.url);
    const path = url.pathname.replace(/^\/api\/v1\//, '');
    this.asked.push(`${r.method} ${path}${url.search}`);
    const fault = this.faults.get(path);
    if (fault) return fault();
    switch (`${r.method} ${path}`) {
      case 'GET ':
        return Response.json({ name: 'gotor', version: this.version, access: this.access, server_id: this.serverId, now: new Date().toISOString(), features: [], limits: { json_bytes: 1 << 20, torrent_bytes: 64 << 20, uploads: 4 } });
      case 'GET torrents':
        return Response.json({ revision: this.revision, total: this.torrents.length, counts: null, items: this.torrents, removed: [], next: null });
      case 'GET stats':
        return Response.json({ down_rate: 1, up_rate: 2, history: { interval: 1, down: [1], up: [2] } });
      case 'GET settings':
        return Response.json({ revision: this.settingsRevision, max_down: knob(0) });
      case 'POST session':
        return new Response(null, { status: 204 });
      case 'GET events':
        return new Response(new ReadableStream({ start: (c) => void this.streams.push(c) }), { headers: { 'Content-Type': 'text/event-stream' } });
    }
    return problem(404, 'not_found');
  }

  /** send writes an event to the stream that was begun last. */
  send(event: string, data: unknown, id?: number): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.streams.at(-1)?.enqueue(new TextEncoder().encode(`event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${text}\n\n`));
  }

  hello(): void {
    this.send('hello', { server_id: this.serverId, revision: this.revision, now: new Date().toISOString() }, this.revision);
  }

  /** breaks ends the stream that was begun last. */
  breaks(): void {
    this.streams.at(-1)?.close();
  }
}

/** problem is an answer that is no success. */
export function problem(status: number, code: string, detail = '', headers: Record<string, string> = {}): Response {
  return Response.json({ type: `urn:gotor:problem:${code}`, title: '', status, code, detail }, { status, headers: { 'Content-Type': 'application/problem+json', ...headers } });
}
