import { Cell, useCell } from './cell';

export type LinkState =
  | 'loading' // nothing is known yet
  | 'live'
  | 'reconnecting' // lost; tried again at nextTry
  | 'offline' // this machine has no network
  | 'stopped' // the daemon said that it ends
  | 'signed-out'
  | 'other-version' // live, but the page is of another version than the daemon
  | 'refused-host'; // the daemon is not called so

/** How the page and the daemon stand. Times are of this machine's clock, in ms. */
export interface Link {
  state: LinkState;
  /** Since when the state holds. */
  since: number;
  nextTry?: number;
  /** What the daemon said of it. */
  detail?: string;
  /** What may be done: a read token looks only. */
  level: 'full' | 'read';
  /** Of the daemon; empty until it is known. */
  version: string;
  serverId: string;
  /** Milliseconds by which the daemon's clock is ahead of ours. */
  skew: number;
  /** Bytes that the daemon takes of a .torrent. */
  maxTorrent: number;
}

const unknown: Link = { state: 'loading', since: Date.now(), level: 'full', version: '', serverId: '', skew: 0, maxTorrent: 64 << 20 };

class LinkCell extends Cell<Link> {
  /** update changes some keys; a new state begins now, and has no next try unless said. */
  update(change: Partial<Link>): void {
    const was = this.get();
    const next = { ...was, ...change };
    if (next.state !== was.state) {
      next.since = change.since ?? Date.now();
      next.nextTry = change.nextTry;
      next.detail = change.detail;
    }
    const same = (Object.keys(next) as (keyof Link)[]).every((k) => next[k] === was[k]);
    if (!same) this.set(next);
  }
}

/** link is how the page and the daemon stand. */
export const link = new LinkCell(unknown);

export const useLink = (): Link => useCell(link);

/** useCan reports whether the page may change something: without it actions are absent. */
export const useCan = (): boolean => useCell(link).level === 'full';

/** serverNow is the daemon's clock: spans to its times must not depend on ours. */
export const serverNow = (): number => Date.now() + link.get().skew;
