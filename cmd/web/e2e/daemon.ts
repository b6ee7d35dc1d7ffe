import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from './paths';
import { Program } from './process';

/** Daemon is a gotor serve with a folder of its own. It can be ended and started again. */
export class Daemon {
  readonly dir: string;
  readonly data: string;
  private readonly flags: string[];
  private readonly state: string;
  private program: Program | undefined;
  private listen = '127.0.0.1:0';
  url = '';

  constructor(dir: string, flags: string[] = []) {
    this.dir = dir;
    this.flags = flags;
    this.data = join(dir, 'data');
    this.state = join(dir, 'state');
    mkdirSync(this.data, { recursive: true });
    mkdirSync(this.state, { recursive: true });
  }

  /** start returns when the daemon is ready; again, it has the same address. */
  async start(): Promise<this> {
    this.program = Program.start(binary, [
      'serve', '--dir', this.data, '--listen', this.listen, '--port', 'none', '--no-dht', '--no-lsd', ...this.flags,
    ], this.env());
    this.url = (await this.program.says(/^(http:\/\/127\.0\.0\.1:\d+\/)$/m))[1]!;
    await this.program.says(/ is ready: /);
    this.listen = new URL(this.url).host;
    return this;
  }

  private env() { return { XDG_STATE_HOME: this.state, XDG_CONFIG_HOME: join(this.dir, 'config') }; }

  /** ctl asks over the socket, as a user at a shell does. */
  ctl(...args: string[]): string {
    return execFileSync(binary, ['ctl', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.env() } }).trim();
  }

  /** login is a link that signs a browser in, once. */
  login(): string { return this.ctl('login'); }

  token(kind: 'token' | 'token-read' = 'token'): string {
    return readFileSync(join(this.state, 'gotor', kind), 'utf8').trim();
  }

  /** get is what the API answers, below /api/v1. */
  async get<T>(path: string): Promise<T> {
    const r = await fetch(`${this.url}api/v1${path}`, { headers: { authorization: `Bearer ${this.token()}` } });
    if (!r.ok) throw new Error(`${path}: ${r.status} ${await r.text()}`);
    return await r.json() as T;
  }

  async kill(): Promise<void> { await this.program?.stop('SIGKILL'); }
  async stop(): Promise<void> { await this.program?.stop(); }
}
