import type { Row } from '../store/rows';
import { count } from '../ui/format';

/** The words that people read for the states of the API. */
export const stateWords: Readonly<Record<Row['state'], string>> = {
  metadata: 'Metadata',
  queued: 'Queued',
  checking: 'Checking',
  downloading: 'Downloading',
  stalled: 'Stalled',
  finishing: 'Finishing',
  seeding: 'Seeding',
  moving: 'Moving',
  paused: 'Paused',
  completed: 'Completed',
  failed: 'Failed',
};

export type Tone = 'down' | 'up' | 'wait' | 'work' | 'bad' | 'rest';

/** How a state is coloured. Colour is never alone: the mark has a shape, and the word is there. */
export const stateTones: Readonly<Record<Row['state'], Tone>> = {
  metadata: 'work',
  queued: 'wait',
  checking: 'work',
  downloading: 'down',
  stalled: 'wait',
  finishing: 'work',
  seeding: 'up',
  moving: 'work',
  paused: 'rest',
  completed: 'rest',
  failed: 'bad',
};

/** Codes of failures in few words; the daemon's own line is in the title and the item. */
const failures: Readonly<Record<string, string>> = {
  malformed: 'broken torrent',
  no_metadata: 'nobody knew what is inside',
  no_peers: 'no peers in time',
  stalled: 'no bytes in time',
  timeout: 'took too long',
  mismatch: 'data does not match',
  no_space: 'disk full',
  file: 'file error',
  fetch: 'cannot be fetched',
  locked: 'in use by another program',
};

type Facts = Pick<Row, 'state' | 'queue' | 'error' | 'peers' | 'seeds' | 'known' | 'availability'>;

/** Why a torrent waits, in few words; empty if it does not wait. */
export function why(row: Facts): string {
  switch (row.state) {
    case 'queued':
      return row.queue === null ? 'waits for a check' : `place ${count(row.queue + 1)}`;
    case 'stalled':
      return whyStalled(row);
    case 'metadata':
      return row.peers === 0 ? 'looking for peers' : `asking ${peerCount(row.peers)}`;
    case 'failed':
      return row.error === null ? '' : (failures[row.error.code] ?? row.error.detail);
    default:
      return '';
  }
}

function whyStalled(row: Facts): string {
  if (row.peers === 0) return row.known === 0 ? 'no peers found' : 'no peer answers';
  // Below one whole copy, there is a piece that nobody who is connected has.
  if (row.seeds === 0 && row.availability < 1) return 'peers lack pieces';
  return 'no peer sends';
}

function peerCount(n: number): string {
  return n === 1 ? '1 peer' : `${count(n)} peers`;
}
