import type { Row } from '../store/rows';
import { bytes, count } from '../ui/format';

/** What removing torrents with their files would take. */
export interface Losses {
  /** Files that the torrents have; not all need be on the disk. */
  files: number;
  /** Bytes on the disk that are verified. */
  bytes: number;
  /** Torrents that have not been seeded as much as they were downloaded. */
  owing: number;
}

/** lossesOf sums up what torrents have on the disk. */
export function lossesOf(rows: readonly Row[]): Losses {
  return {
    files: rows.reduce((n, r) => n + r.files, 0),
    bytes: rows.reduce((n, r) => n + r.verified, 0),
    owing: rows.filter((r) => r.completed !== null && r.ratio < 1).length,
  };
}

/** lossText names what is on the disk: "3 files, 2.00 GiB". Files of which nothing was
 *  verified may be there, too. */
export function lossText(l: Losses): string {
  if (l.bytes === 0) return 'what there is of its files';
  return `${l.files === 1 ? 'one file' : `${count(l.files)} files`}, ${bytes(l.bytes)}`;
}
