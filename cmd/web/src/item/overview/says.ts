// What a torrent does, in one sentence, and why it waits: the words of the overview.
import { bytes, count, percent, rate, ratio, span } from '../../ui/format';
import { speed } from '../speed';
import type { Torrent } from '../../api/types';
import { failureSays } from './failure';

/** What a button beside the sentence does about it. */
export type Remedy = 'start' | 'start-now' | 'announce' | 'add-peers' | 'move' | 'check' | 'trackers' | 'limits' | 'files';

export type Tone = 'good' | 'plain' | 'wait' | 'bad';

export interface Saying {
  /** What it does: one sentence. */
  does: string;
  /** Why it waits, is slow or has failed: one sentence, or nothing. */
  why?: string;
  tone: Tone;
  /** What would help, the best first. */
  remedies: readonly Remedy[];
}

/** What is known besides the torrent itself. All of it may be missing. */
export interface Around {
  /** How many may download, and seed, at a time; 0: any number. */
  maxDownloads?: number;
  maxSeeds?: number;
  /** Limits of all torrents that hold now, bytes per second; 0: none. */
  maxDown?: number;
  maxUp?: number;
  /** Bytes free on the disk of the torrent. */
  free?: number | null;
  /** The goal that holds where the torrent's says default. */
  seedMode?: string;
  seedRatio?: number;
  seedTime?: number;
  dht?: boolean;
  /** What its trackers said, if all of them failed. */
  trackerError?: string;
}

/** says puts the state of a torrent into words. */
export function says(t: Torrent, a: Around = {}): Saying {
  switch (t.state) {
    case 'metadata':
      return metadata(t, a);
    case 'queued':
      return queued(t, a);
    case 'checking':
      return { does: `Checks what is on the disk: ${percent(t.progress)} read.`, tone: 'plain', remedies: [] };
    case 'downloading':
      return downloading(t, a);
    case 'stalled':
      return stalled(t, a);
    case 'finishing':
      return { does: 'Everything is here and verified. The files are being written out and get their final names.', tone: 'good', remedies: [] };
    case 'seeding':
      return seeding(t, a);
    case 'moving':
      return { does: `Moves its files to another folder: ${percent(t.progress)} done.`, tone: 'plain', remedies: [] };
    case 'paused':
      return paused(t);
    case 'completed':
      return completed(t, a);
    case 'failed':
      return failureSays(t, a);
  }
}

function metadata(t: Torrent, a: Around): Saying {
  const does = 'Looks for somebody who knows what is inside.';
  if (t.peers > 0) {
    return { does, why: `${peers(t.peers)} connected, and asked for it.`, tone: 'plain', remedies: [] };
  }
  return { does, ...nobody(t, a), tone: 'wait' };
}

function queued(t: Torrent, a: Around): Saying {
  if (t.queue === null) {
    return { does: 'Waits for its turn to be checked.', why: 'Each disk is read for one torrent at a time, in order.', tone: 'wait', remedies: ['start-now'] };
  }
  const place = t.queue === 0 ? 'next in line' : `place ${count(t.queue + 1)} in line`;
  const whole = t.completed !== null;
  const most = whole ? a.maxSeeds : a.maxDownloads;
  const what = whole ? 'seed' : 'download';
  return {
    does: `Waits for its turn to ${what}: ${place}.`,
    why: most ? `${count(most)} may ${what} at a time, and so many are busy.` : 'As many as are allowed are busy.',
    tone: 'wait',
    remedies: ['start-now'],
  };
}

function downloading(t: Torrent, a: Around): Saying {
  const from = t.peers > 0 ? ` from ${peers(t.peers)}` : '';
  const left = t.eta !== null ? `; done in ${span(t.eta)}` : '';
  return { does: `Downloads at ${speed(t.down_rate)}${from}${left}.`, ...held(t.down_rate, t.limits.max_down, a.maxDown, 'download'), tone: 'good' };
}

/** near says how close to a limit a rate must be to be called held by it. */
const near = 0.9;

/** held says whether a limit is what keeps the rate down. */
function held(now: number, own: number, all: number | undefined, what: string): Pick<Saying, 'why' | 'remedies'> {
  if (own > 0 && now >= own * near) {
    return { why: `Its own limit of ${rate(own)} holds it back.`, remedies: ['limits'] };
  }
  if (all && now >= all * near) {
    return { why: `The ${what} limit of all torrents, ${rate(all)}, holds it back.`, remedies: [] };
  }
  return { remedies: [] };
}

function stalled(t: Torrent, a: Around): Saying {
  const does = `Waits for data: ${bytes(Math.max(0, t.wanted - t.verified))} are missing.`;
  if (t.peers === 0) {
    return { does, ...nobody(t, a), tone: 'wait' };
  }
  if (t.seeds === 0 && t.availability < 1) {
    return {
      does,
      why: `You and the ${t.peers === 1 ? 'one connected peer' : `${count(t.peers)} connected peers`} have ${percent(t.availability)} of it together. It goes on when somebody with the rest comes.`,
      tone: 'wait',
      remedies: ['announce', 'add-peers'],
    };
  }
  return { does, why: `${peers(t.peers)} connected, but none sends at the moment. They serve others first.`, tone: 'wait', remedies: ['announce'] };
}

/** nobody says why no peer is connected. */
function nobody(t: Torrent, a: Around): Pick<Saying, 'why' | 'remedies'> {
  if (t.known > 0) {
    return { why: `${t.known === 1 ? 'One address is' : `${count(t.known)} addresses are`} known, and none answers. They are tried again.`, remedies: ['announce', 'add-peers'] };
  }
  if (a.trackerError) {
    return { why: `Nobody is known who has it, and its trackers do not answer: ${a.trackerError}`, remedies: ['trackers', 'announce'] };
  }
  if (t.private) {
    return { why: 'Nobody is known who has it. It is private: only its trackers may be asked.', remedies: ['announce', 'trackers'] };
  }
  if (t.tracker === '') {
    const where = a.dht === false ? 'It names no tracker, and the DHT is off.' : 'It names no tracker; the DHT is asked.';
    return { why: `Nobody is known who has it. ${where}`, remedies: ['trackers', 'add-peers'] };
  }
  return { why: 'Nobody is known who has it. Trackers are asked again by themselves.', remedies: ['announce', 'add-peers'] };
}

function seeding(t: Torrent, a: Around): Saying {
  const until = goal(t, a);
  const end = until === '' ? '' : ` ${until}`;
  if (t.up_rate > 0) {
    return { does: `Complete. Sends at ${rate(t.up_rate)} to ${peers(t.peers)}.${end}`, ...held(t.up_rate, t.limits.max_up, a.maxUp, 'upload'), tone: 'good' };
  }
  const who = t.peers > 0 ? `${peers(t.peers)} connected, none asks for anything now.` : 'Nobody asks for it now.';
  return { does: `Complete, and there for others. ${who}${end}`, tone: 'plain', remedies: [] };
}

/** goal says when seeding ends, empty if it does not. */
export function goal(t: Torrent, a: Around): string {
  const own = t.seed.mode !== 'default';
  const mode = own ? t.seed.mode : a.seedMode;
  if (mode !== 'limits') {
    return '';
  }
  const least = t.seed.ratio ?? a.seedRatio ?? 0;
  const time = t.seed.time ?? a.seedTime ?? 0;
  const parts = [
    least > 0 ? `at ratio ${ratio(least)} (now ${ratio(t.ratio)})` : '',
    time > 0 ? `after ${span(time)} (${span(t.seconds_seeding)} so far)` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `Ends ${parts.join(', or ')}.`;
}

function paused(t: Torrent): Saying {
  const does = t.completed !== null ? 'Paused. It is complete, and given to nobody.' : `Paused with ${percent(t.progress)} done.`;
  return { does, why: 'You, or a program with your token, paused it.', tone: 'wait', remedies: ['start'] };
}

function completed(t: Torrent, a: Around): Saying {
  const mode = t.seed.mode === 'default' ? a.seedMode : t.seed.mode;
  const why = mode === 'never' ? 'It is not to be seeded.' : `Its seeding goal is reached: ratio ${ratio(t.ratio)}, ${span(t.seconds_seeding)}.`;
  return { does: 'Complete, and given to nobody any more.', why, tone: 'plain', remedies: ['start'] };
}

function peers(n: number): string {
  return n === 1 ? '1 peer' : `${count(n)} peers`;
}
