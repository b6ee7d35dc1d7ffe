// What is known of a torrent, in groups, as words: the table of the overview.
import { bytes, count, percent, ratio, rate, span } from '../../ui/format';
import { speed } from '../speed';
import type { Torrent } from '../../api/types';

export interface Fact {
  label: string;
  text: string;
  /** A moment instead of a text. */
  at?: string;
  /** What the label means, where that is not plain. */
  hint?: string;
}

export interface FactGroup {
  title: string;
  facts: Fact[];
}

/** factsOf is what there is to say, without what nobody knows. */
export function factsOf(t: Torrent): FactGroup[] {
  return [
    { title: 'Transfer', facts: transfer(t) },
    { title: 'Swarm', facts: swarm(t) },
    { title: 'Times', facts: times(t) },
    { title: 'Content', facts: content(t) },
  ].filter((g) => g.facts.length > 0);
}

function transfer(t: Torrent): Fact[] {
  const limits = [t.limits.max_down > 0 ? `down ${rate(t.limits.max_down)}` : '', t.limits.max_up > 0 ? `up ${rate(t.limits.max_up)}` : ''].filter((l) => l !== '');
  return [
    { label: 'Down', text: speed(t.down_rate) },
    { label: 'Up', text: speed(t.up_rate) },
    { label: 'Downloaded', text: bytes(t.downloaded) },
    { label: 'Uploaded', text: bytes(t.uploaded) },
    { label: 'Ratio', text: ratio(t.ratio), hint: 'Bytes uploaded per byte wanted.' },
    { label: 'Wasted', text: bytes(t.wasted), hint: 'Came twice, or failed the check.' },
    ...(limits.length > 0 ? [{ label: 'Own limits', text: limits.join(', ') }] : []),
  ];
}

function swarm(t: Torrent): Fact[] {
  return [
    { label: 'Connected', text: t.peers === 0 ? 'nobody' : `${count(t.peers)}, ${count(t.seeds)} with everything` },
    { label: 'Known addresses', text: count(t.known) },
    { label: 'Seeders', text: known(t.swarm.seeders), hint: 'As trackers count.' },
    { label: 'Leechers', text: known(t.swarm.leechers), hint: 'As trackers count.' },
    { label: 'Availability', text: `${ratio(t.availability)} copies`, hint: 'Whole copies among the connected peers and us. Below 1, parts are missing.' },
    { label: 'Tracker', text: t.tracker === '' ? 'none' : t.tracker },
    { label: 'Private', text: t.private ? 'yes' : 'no', hint: 'Only trackers may tell of peers.' },
  ];
}

function known(n: number | null): string {
  return n === null ? 'not known' : count(n);
}

function times(t: Torrent): Fact[] {
  const moment = (label: string, at: string | null): Fact[] => (at === null ? [] : [{ label, text: '', at }]);
  return [
    ...moment('Added', t.added),
    ...moment('Completed', t.completed),
    ...moment('Last active', t.active),
    { label: 'Downloading for', text: span(t.seconds_downloading) },
    { label: 'Seeding for', text: span(t.seconds_seeding) },
  ];
}

function content(t: Torrent): Fact[] {
  if (t.pieces === 0) {
    return [];
  }
  return [
    { label: 'Size', text: bytes(t.size) },
    ...(t.wanted < t.size ? [{ label: 'Selected', text: bytes(t.wanted) }] : []),
    { label: 'Verified', text: `${bytes(t.verified)}, ${percent(t.wanted > 0 ? t.verified / t.wanted : 0)}` },
    { label: 'Files', text: count(t.files) },
    { label: 'Pieces', text: `${count(t.pieces)} of ${bytes(t.piece_length)}` },
    ...(t.created_by === '' ? [] : [{ label: 'Made with', text: t.created_by }]),
  ];
}
