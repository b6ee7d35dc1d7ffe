import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Program is one that a test has started; it is ended by stop, and by nothing else. */
export class Program {
  private output = '';
  private listeners = new Set<() => void>();
  private readonly child: ChildProcess;
  readonly name: string;

  private constructor(child: ChildProcess, name: string) {
    this.child = child;
    this.name = name;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        for (const l of this.listeners) l();
      });
    }
    child.on('exit', () => { for (const l of this.listeners) l(); });
  }

  static start(command: string, args: string[], env: Record<string, string> = {}): Program {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    return new Program(child, `${command} ${args.join(' ')}`);
  }

  /** says waits until the output has something, and returns the match. */
  async says(pattern: RegExp): Promise<RegExpMatchArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const m = this.output.match(pattern);
        if (m) { done(); resolve(m); }
        else if (this.child.exitCode !== null || this.child.signalCode !== null) { done(); reject(new Error(`${this.name} has ended:\n${this.output}`)); }
      };
      const timer = setTimeout(() => { done(); reject(new Error(`${this.name} does not say ${pattern}:\n${this.output}`)); }, 30_000);
      const done = () => { clearTimeout(timer); this.listeners.delete(look); };
      this.listeners.add(look);
      look();
    });
  }

  /** stop ends the program, and waits for that. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }
}
