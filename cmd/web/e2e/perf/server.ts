import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { answer } from '../../src/fake/routes';
import { World } from '../../src/fake/world';

const built = fileURLToPath(new URL('../../build', import.meta.url));
const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** Served is the built page with the made-up daemon behind it. */
export interface Served {
  url: string;
  world: World;
  stop: () => void;
}

/** serve starts it; each second the world goes on. */
export async function serve(torrents: number): Promise<Served> {
  const world = new World(torrents);
  const server = createServer((q, s) => void handle(world, q, s).catch((e: unknown) => s.destroy(e as Error)));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const clock = setInterval(() => world.step(1), 1000);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, world, stop: () => { clearInterval(clock); server.closeAllConnections(); server.close(); } };
}

async function handle(world: World, q: IncomingMessage, s: ServerResponse): Promise<void> {
  const url = new URL(q.url ?? '/', `http://${q.headers.host}`);
  if (!url.pathname.startsWith('/api/v1/')) {
    const path = join(built, url.pathname === '/' ? 'index.html' : url.pathname);
    if (!existsSync(path)) { s.writeHead(404).end(); return; }
    s.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' });
    createReadStream(path).pipe(s);
    return;
  }
  const gone = new AbortController();
  s.on('close', () => gone.abort());
  const chunks: Buffer[] = [];
  for await (const c of q) chunks.push(c as Buffer);
  const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
  const headers = new Headers(Object.entries(q.headers).flatMap(([k, v]) => (typeof v === 'string' ? [[k, v] as [string, string]] : [])));
  const r = await answer(world, new Set(), new Request(url, { method: q.method ?? 'GET', headers, body }), new URL('/api/v1/', url));
  s.writeHead(r.status, Object.fromEntries(r.headers));
  if (!r.body) { s.end(); return; }
  const out = Readable.fromWeb(r.body as never);
  gone.signal.addEventListener('abort', () => out.destroy());
  out.on('error', () => undefined).pipe(s);
}
