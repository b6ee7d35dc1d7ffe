import type { Stats } from '../../api/types';

/** Something that stays wrong until somebody does something about it. */
export type Trouble =
  | { kind: 'unwritable'; why: string }
  /** A root that is not there. */
  | { kind: 'away'; dir: string }
  /** A disk without room. need: bytes that downloads there still want; 0: nobody waits. */
  | { kind: 'full'; dir: string; free: number; need: number }
  | { kind: 'unreachable'; port: number };

/** Below so many bytes a disk is full, whoever waits for it: a few pieces. */
export const fullBelow = 32 << 20;

/** What of a torrent bears on the room on a disk. */
export interface Wish {
  dir: string;
  state: string;
  code: string;
  left: number;
}

/** troublesOf are the troubles of a daemon, the worst first. */
export function troublesOf(s: Stats, wishes: readonly Wish[]): Trouble[] {
  const out: Trouble[] = [];
  if (s.ready !== '') out.push({ kind: 'unwritable', why: s.ready });
  for (const d of s.disks) {
    if (d.free === null) {
      if (wishes.some((w) => within(w.dir, d.dir))) out.push({ kind: 'away', dir: d.dir });
      continue;
    }
    const free = d.free;
    const here = wishes.filter((w) => rootOf(w.dir, s) === d.dir);
    const need = here.filter(wants).reduce((n, w) => n + w.left, 0);
    const stuck = here.some((w) => w.code === 'no_space') && need > free;
    if (stuck || (free < fullBelow && need > 0) || free === 0) out.push({ kind: 'full', dir: d.dir, free, need });
  }
  if (s.reachable === false && s.port > 0) out.push({ kind: 'unreachable', port: s.port });
  return out;
}

/** What is paused wants no room now; what failed for want of room does. */
const wants = (w: Wish): boolean => w.code === 'no_space' || ['downloading', 'stalled', 'queued', 'checking', 'metadata'].includes(w.state);

const within = (dir: string, root: string): boolean => dir === root || dir.startsWith(/[/\\]$/.test(root) ? root : `${root}/`) || dir.startsWith(`${root}\\`);

/** rootOf is the root in which a folder is: the deepest, as roots may lie in each other. */
function rootOf(dir: string, s: Stats): string | undefined {
  return s.disks
    .map((d) => d.dir)
    .filter((root) => within(dir, root))
    .sort((a, b) => b.length - a.length)[0];
}
