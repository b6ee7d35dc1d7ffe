import type { components } from '../api/schema';
import { random } from './random';
import { settings } from './settings';
import { dirs, GiB, torrents, type State, type Torrent } from './torrents';

type Counts = components['schemas']['Counts'];
type Log = components['schemas']['Log'];

/** Milestone is what a stream tells once. */
export interface Milestone { id: string; what: string; at: string }

const historySpan = 3600;
const maxLogs = 2000;

/** World is the state of the made-up daemon. step has time go on. */
export class World {
  readonly serverId: string;
  readonly version = '0.1.0';
  readonly began = Date.now();
  readonly rows = new Map<string, Torrent>();
  readonly logs: Log[] = [];
  readonly history = { down: [] as number[], up: [] as number[] };
  settings = settings();
  free = 212 * GiB;
  ready = '';
  revision = 1;
  private readonly random = random(42);
  private readonly watchers = new Set<() => void>();
  private changed = new Map<string, number>(); // the revision of each row, and of each that went
  private milestones: { revision: number; of: Milestone }[] = [];

  constructor(count = 2000, serverId = 'fake-1') {
    this.serverId = serverId;
    for (const t of torrents(count)) this.rows.set(t.id, t);
    const { down, up } = this.rates();
    for (let i = 0; i < historySpan; i++) {
      const tide = 0.8 + 0.2 * Math.sin(i / 140);
      this.history.down.push(Math.floor(down * tide * (0.9 + this.random.one() / 5)));
      this.history.up.push(Math.floor(up * tide * (0.9 + this.random.one() / 5)));
    }
    this.log('info', `gotor ${this.version} is ready: ${count} torrents`);
  }

  /** watch calls f after each change; it returns how to end that. */
  watch(f: () => void): () => void {
    this.watchers.add(f);
    return () => this.watchers.delete(f);
  }

  private tell(): void { for (const f of this.watchers) f(); }

  log(level: Log['level'], text: string, id?: string): void {
    const seq = (this.logs.at(-1)?.seq ?? 0) + 1;
    this.logs.push({ seq, level, text, time: new Date().toISOString(), ...(id ? { id } : {}) });
    if (this.logs.length > maxLogs) this.logs.shift();
  }

  /** put has a row be another one. */
  put(t: Torrent): Torrent {
    const row = { ...t, revision: ++this.revision };
    this.rows.set(t.id, row);
    this.changed.set(t.id, this.revision);
    this.tell();
    return row;
  }

  patch(id: string, change: Partial<Torrent>): Torrent | undefined {
    const t = this.rows.get(id);
    return t && this.put({ ...t, ...change });
  }

  remove(id: string): Torrent | undefined {
    const t = this.rows.get(id);
    if (!t) return undefined;
    this.rows.delete(id);
    this.changed.set(id, ++this.revision);
    this.reached(id, 'removed');
    return t;
  }

  reached(id: string, what: string): void {
    this.milestones.push({ revision: ++this.revision, of: { id, what, at: new Date().toISOString() } });
    if (this.milestones.length > 1000) this.milestones.shift();
    this.log(what === 'failed' ? 'error' : 'info', `${this.rows.get(id)?.name ?? id}: ${what}`, id);
    this.tell();
  }

  /** since is what is new after a revision. */
  since(revision: number): { rows: Torrent[]; removed: string[]; milestones: Milestone[] } {
    const rows: Torrent[] = [];
    const removed: string[] = [];
    for (const [id, at] of this.changed) {
      if (at <= revision) continue;
      const t = this.rows.get(id);
      if (t) rows.push(t);
      else removed.push(id);
    }
    return { rows, removed, milestones: this.milestones.filter((m) => m.revision > revision).map((m) => m.of) };
  }

  counts(): Counts {
    const c: Counts = { state: {}, label: {}, tracker: {}, dir: {} };
    const add = (of: Record<string, number>, key: string) => { of[key] = (of[key] ?? 0) + 1; };
    for (const t of this.rows.values()) {
      add(c.state, t.state);
      for (const l of t.labels) add(c.label, l);
      add(c.tracker, t.tracker);
      add(c.dir, t.dir);
    }
    return c;
  }

  rates(): { down: number; up: number } {
    let down = 0;
    let up = 0;
    for (const t of this.rows.values()) { down += t.down_rate; up += t.up_rate; }
    return { down, up };
  }

  /** step lets a span of seconds go by. */
  step(seconds: number): void {
    for (const t of this.rows.values()) {
      if (t.state === 'downloading') this.download(t, seconds);
      else if (t.state === 'checking' || t.state === 'moving') this.goOn(t, seconds);
      else if (t.up_rate > 0) this.put({ ...t, up_rate: this.near(t.up_rate), uploaded: t.uploaded + t.up_rate * seconds });
    }
    const { down, up } = this.rates();
    for (const [list, now] of [[this.history.down, down], [this.history.up, up]] as const) {
      list.push(now);
      if (list.length > historySpan) list.shift();
    }
    this.tell();
  }

  // near is a rate a little away from another.
  private near(rate: number): number { return Math.max(1024, Math.floor(rate * (0.8 + this.random.one() * 0.42))); }

  private download(t: Torrent, seconds: number): void {
    const got = Math.min(t.wanted - t.verified, Math.floor(t.down_rate * seconds));
    const verified = t.verified + got;
    this.free = Math.max(0, this.free - got);
    if (verified >= t.wanted) {
      this.put({ ...t, state: 'seeding', verified, progress: 1, down_rate: 0, eta: null, completed: new Date().toISOString() });
      this.reached(t.id, 'completed');
      return;
    }
    const down = this.near(t.down_rate || 300_000);
    this.put({
      ...t, verified, progress: verified / t.wanted, down_rate: down, downloaded: t.downloaded + got,
      eta: Math.ceil((t.wanted - verified) / down), active: new Date().toISOString(),
    });
  }

  private goOn(t: Torrent, seconds: number): void {
    const progress = t.progress + seconds * 0.02;
    if (progress < 1) { this.put({ ...t, progress }); return; }
    const whole = t.verified >= t.wanted;
    const state: State = whole ? 'seeding' : 'downloading';
    this.put({ ...t, state, progress: whole ? 1 : t.verified / t.wanted, down_rate: whole ? 0 : 500_000 });
    this.reached(t.id, t.state === 'moving' ? 'moved' : 'checked');
  }

  disks(): components['schemas']['Disk'][] { return dirs.filter((d) => d.split('/').length === 3).map((dir) => ({ dir, free: this.free, total: 2000 * GiB })); }
}
