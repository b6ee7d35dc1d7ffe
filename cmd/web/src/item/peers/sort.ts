import type { Peer } from '../../api/types';

/** The columns a list of peers can be sorted by. */
export type PeerKey = 'addr' | 'client' | 'flags' | 'source' | 'transport' | 'progress' | 'down_rate' | 'up_rate' | 'downloaded' | 'uploaded' | 'since';

export interface PeerSort {
  key: PeerKey;
  down: boolean;
}

/** Numbers are more interesting from the top, words from A. */
export function firstDown(key: PeerKey): boolean {
  return key === 'progress' || key.endsWith('_rate') || key.endsWith('loaded');
}

/** sortBy is the order after a click on a column: another column, or the other way round. */
export function sortBy(was: PeerSort, key: PeerKey): PeerSort {
  return was.key === key ? { key, down: !was.down } : { key, down: firstDown(key) };
}

/** sortPeers puts peers in order; those that are alike by their address, so that nothing jumps. */
export function sortPeers(peers: readonly Peer[], { key, down }: PeerSort): Peer[] {
  const sign = down ? -1 : 1;
  const keys = key === 'addr' ? new Map(peers.map((p) => [p.addr, addressKey(p.addr)])) : undefined;
  const value = (p: Peer): string | number => keys?.get(p.addr) ?? p[key];
  return [...peers].sort((a, b) => sign * compare(value(a), value(b)) || compare(a.addr, b.addr));
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** addressKey orders IPv4 by number, before IPv6. */
function addressKey(addr: string): string {
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+):(\d+)$/.exec(addr);
  return v4 ? v4.slice(1).map((n) => n.padStart(5, '0')).join('.') : `~${addr}`;
}
