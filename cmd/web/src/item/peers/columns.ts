import { bytes, percent, rate, when } from '../../ui/format';
import type { Peer } from '../../api/types';
import { explainFlags } from './flags';
import type { PeerKey } from './sort';

export interface PeerColumn {
  key: PeerKey;
  label: string;
  /** What the label means, where that is not plain. */
  hint?: string;
  number?: boolean;
  text: (p: Peer) => string;
  /** What the pointer is told. */
  title?: (p: Peer) => string;
}

const sources: Readonly<Record<Peer['source'], string>> = {
  tracker: 'tracker',
  dht: 'DHT',
  pex: 'peers',
  lsd: 'local network',
  link: 'link',
  user: 'you',
  incoming: 'came to us',
};

const ciphers: Readonly<Record<Peer['encryption'], string>> = { none: 'not encrypted', handshake: 'handshake encrypted', rc4: 'encrypted' };

/** The columns of the list of peers, in their order. */
export const columns: readonly PeerColumn[] = [
  { key: 'addr', label: 'Address', text: (p) => p.addr },
  { key: 'client', label: 'Client', text: (p) => p.client, title: (p) => p.client },
  { key: 'progress', label: 'Done', number: true, text: (p) => percent(p.progress) },
  { key: 'down_rate', label: 'Down', number: true, text: (p) => moving(p.down_rate) },
  { key: 'up_rate', label: 'Up', number: true, text: (p) => moving(p.up_rate) },
  { key: 'flags', label: 'Flags', text: (p) => p.flags, title: (p) => explainFlags(p.flags).join('\n') },
  { key: 'downloaded', label: 'Received', number: true, text: (p) => some(p.downloaded) },
  { key: 'uploaded', label: 'Sent', number: true, text: (p) => some(p.uploaded) },
  { key: 'source', label: 'Found by', text: (p) => sources[p.source] },
  { key: 'transport', label: 'Over', text: (p) => (p.transport === 'utp' ? 'µTP' : 'TCP') + (p.encryption === 'none' ? '' : ' 🔒'), title: (p) => ciphers[p.encryption] },
  { key: 'since', label: 'Since', text: (p) => when(p.since) },
];

function moving(n: number): string {
  return n > 0 ? rate(n) : '–';
}

function some(n: number): string {
  return n > 0 ? bytes(n) : '–';
}
