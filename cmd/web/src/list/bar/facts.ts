import type { Settings, Stats } from '../../api/types';
import type { LinkState } from '../../store/link';

/** Below so much of a disk it is nearly full. */
const low = 0.05;
/** And below so many bytes, however small it is. */
const lowBytes = 1 << 30;

export interface Room {
  dir: string;
  /** Bytes; null: the daemon cannot tell. */
  free: number | null;
  low: boolean;
}

/** The room on each disk, that of the default folder first. */
export function rooms(disks: Stats['disks'], settings: Settings | undefined): Room[] {
  const home = settings?.dir.value ?? '';
  return disks
    .map((d) => ({
      dir: d.dir,
      free: d.free,
      low: d.free !== null && (d.free < lowBytes || (d.total !== null && d.free < d.total * low)),
    }))
    .sort((a, b) => Number(holds(b.dir, home)) - Number(holds(a.dir, home)) || a.dir.localeCompare(b.dir));
}

function holds(root: string, dir: string): boolean {
  return dir === root || dir.startsWith(root.endsWith('/') ? root : `${root}/`);
}

export type Mood = 'good' | 'unsure' | 'bad';

export interface Reach {
  mood: Mood;
  text: string;
  detail: string;
}

/** Who can connect to us, as far as it is known. */
export function reach(s: Pick<Stats, 'reachable' | 'port' | 'external'>): Reach {
  if (s.port === 0) return { mood: 'bad', text: 'No port', detail: 'The daemon listens on no port: peers cannot connect to it.' };
  const at = s.external === '' ? `port ${String(s.port)}` : `${s.external}, port ${String(s.port)}`;
  if (s.reachable === true) return { mood: 'good', text: 'Reachable', detail: `Peers from outside connect to ${at}.` };
  if (s.reachable === false)
    return {
      mood: 'bad',
      text: 'Not reachable',
      detail: `Nobody from outside connects to ${at}. Forward the port, for TCP and UDP, in the router.`,
    };
  return { mood: 'unsure', text: 'Reach unknown', detail: `Nobody from outside has connected to ${at} yet.` };
}

const linkWords: Readonly<Record<LinkState, [Mood, string]>> = {
  loading: ['unsure', 'Connecting'],
  live: ['good', 'Connected'],
  reconnecting: ['bad', 'Reconnecting'],
  offline: ['bad', 'Offline'],
  stopped: ['bad', 'Stopped'],
  'signed-out': ['bad', 'Signed out'],
  'other-version': ['unsure', 'Other version'],
  'refused-host': ['bad', 'Refused'],
};

export function linkFacts(state: LinkState): { mood: Mood; text: string } {
  const [mood, text] = linkWords[state];
  return { mood, text };
}
