// Why a torrent failed, in plain words, and what can be done about it.
import { bytes } from '../../ui/format';
import type { Torrent } from '../../api/types';
import type { Around, Remedy, Saying } from './says';

interface Known {
  why: string;
  remedies: readonly Remedy[];
}

/** What the codes of failures mean, and the remedies, the best first. */
const known: Readonly<Record<string, Known>> = {
  malformed: { why: 'The torrent or link is damaged, or of a kind that gotor cannot handle. Get it again from where it came.', remedies: ['start'] },
  no_metadata: { why: 'Nobody told in time what the link leads to.', remedies: ['start', 'trackers', 'add-peers'] },
  no_peers: { why: 'Nobody who has it was found.', remedies: ['start', 'trackers', 'add-peers'] },
  stalled: { why: 'Peers were connected, but nothing usable came for too long.', remedies: ['start', 'trackers'] },
  timeout: { why: 'The time it was given is over.', remedies: ['start'] },
  mismatch: { why: 'What was downloaded is not what was asked for: its checksum differs.', remedies: ['check', 'files'] },
  file: { why: 'Its files cannot be read or written, or other files are in the way.', remedies: ['start', 'move', 'check'] },
  fetch: { why: 'What it comes from cannot be reached: the address, or every tracker.', remedies: ['start', 'trackers'] },
  locked: { why: 'Another program holds these files. It goes on once that one has ended.', remedies: ['start', 'move'] },
  hook: { why: 'The command to be run after it ended with an error.', remedies: ['start'] },
};

/** failureSays is what there is to say about a failed torrent. */
export function failureSays(t: Torrent, a: Around): Saying {
  const kept = t.verified > 0 ? ` ${bytes(t.verified)} are verified and kept.` : '';
  const does = `Stopped by a failure.${kept}`;
  const code = t.error?.code ?? 'other';
  if (code === 'no_space') {
    return { does, why: noSpace(t, a), tone: 'bad', remedies: ['move', 'files', 'start'] };
  }
  const k = known[code] ?? { why: 'It could not go on.', remedies: ['start'] };
  return { does, ...k, tone: 'bad' };
}

/** noSpace says how much room is missing, as far as that is known. */
function noSpace(t: Torrent, a: Around): string {
  const need = Math.max(0, t.wanted - t.verified);
  const room = typeof a.free === 'number' ? `; ${bytes(a.free)} are free` : '';
  return `The disk is full. ${bytes(need)} are still to come${room}. It starts again by itself when there is room.`;
}
