import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binary, libtorrentSeed } from './paths';
import { Program } from './process';

/** Payload is a folder of files, and the torrent of it. */
export interface Payload {
  name: string;
  folder: string;
  torrent: string;
  infoHash: string;
  magnet: string;
  files: Record<string, Buffer>;
}

/** Contents are the files of a payload, by path. */
export type Contents = Record<string, number | Buffer>;

/** payload makes one: by path the size of random bytes, or the very bytes. */
export function payload(dir: string, name: string, contents: Contents, tracker?: string): Payload {
  const folder = join(dir, 'payload', name);
  const files: Record<string, Buffer> = {};
  for (const [path, content] of Object.entries(contents)) {
    const bytes = typeof content === 'number' ? randomFillSync(Buffer.alloc(content)) : content;
    files[path] = bytes;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const torrent = join(dir, `${name}.torrent`);
  execFileSync(binary, ['create', '-q', '--no-date', '--piece-length', '16KiB', ...(tracker ? ['--tracker', tracker] : []), '-o', torrent, folder]);
  const shown = JSON.parse(execFileSync(binary, ['show', '--json', torrent], { encoding: 'utf8' })) as { info_hash: string };
  const magnet = `magnet:?xt=urn:btih:${shown.info_hash}&dn=${encodeURIComponent(name)}${tracker ? `&tr=${encodeURIComponent(tracker)}` : ''}`;
  return { name, folder, torrent, infoHash: shown.info_hash, magnet, files };
}

export const digest = (b: Buffer | Uint8Array): string => createHash('sha256').update(b).digest('hex');
export const bytesOf = (path: string): Buffer => readFileSync(path);

const hasLibtorrent = () => spawnSync('/usr/bin/python3', ['-c', 'import libtorrent']).status === 0;

/** tracker starts one for all swarms of a test. */
export async function tracker(): Promise<{ url: string; program: Program }> {
  const program = Program.start(binary, ['tracker', '--listen', '127.0.0.1:0', '--interval', '10s']);
  const url = (await program.says(/(http:\/\/127\.0\.0\.1:\d+\/announce)/))[1]!;
  return { url, program };
}

/**
 * seed gives a payload away: libtorrent does, where Debian's package is there, else
 * gotor itself. rate is in bytes per second; 0 is no limit.
 */
export async function seed(p: Payload, announce: string, rate = 0): Promise<Program> {
  if (hasLibtorrent()) {
    const s = Program.start('/usr/bin/python3', [libtorrentSeed, '--listen', '127.0.0.1:0', '--tracker', announce, '--rate', String(rate), p.torrent, dirname(p.folder)]);
    await s.says(/checked \d+/);
    return s;
  }
  if (process.env.GOTOR_INTEROP === 'require') throw new Error('python3-libtorrent is missing');
  const limit = rate > 0 ? ['--max-up', String(rate)] : [];
  const s = Program.start(binary, ['seed', '--state-dir', 'none', '--no-dht', '--no-lsd', '--port', 'auto', ...limit, p.torrent, p.folder]);
  await s.says(/seeding|all here|complete/i);
  return s;
}
