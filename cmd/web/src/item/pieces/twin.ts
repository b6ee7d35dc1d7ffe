// The picture of the pieces in words.
import { bytes, count, percent } from '../../ui/format';
import { plain } from '../../ui/sanitise';
import type { Bucket, TorrentFile } from '../../api/types';
import type { View } from './paint';

/** summary says what the whole picture shows, a sentence each. */
export function summary(buckets: readonly Bucket[], total: number, peers: number): string[] {
  let have = 0;
  let fetched = 0;
  let unwanted = 0;
  let rarest = Infinity;
  let nowhere = 0;
  for (const b of buckets) {
    have += b.done * b.pieces;
    fetched += b.partial;
    unwanted += Math.min(1 - b.done, b.unwanted) * b.pieces;
    if (b.done + b.unwanted < 1) {
      rarest = Math.min(rarest, b.availability);
      nowhere += b.availability === 0 ? b.pieces : 0;
    }
  }
  const lines = [`${count(Math.round(have))} of ${count(total)} pieces are here (${percent(total > 0 ? have / total : 0)}).`];
  if (fetched > 0) {
    lines.push(`${count(fetched)} ${fetched === 1 ? 'is' : 'are'} being fetched.`);
  }
  if (Math.round(unwanted) > 0) {
    lines.push(`${count(Math.round(unwanted))} are in no file that is wanted.`);
  }
  if (nowhere > 0) {
    const one = buckets.every((b) => b.pieces === 1);
    lines.push(`${one ? count(nowhere) : `Some of ${count(nowhere)}`} missing pieces are with none of the connected peers.`);
  } else if (rarest !== Infinity && peers > 0) {
    lines.push(`The rarest missing piece is with ${count(rarest)} of ${count(peers)} connected peers.`);
  }
  return lines;
}

/** nameOf is what a cell is called. */
export function nameOf(b: Bucket): string {
  return b.pieces === 1 ? `Piece ${count(b.first)}` : `Pieces ${count(b.first)} to ${count(b.first + b.pieces - 1)}`;
}

/** stateOf says in which state a cell is. */
export function stateOf(b: Bucket): string {
  if (b.done >= 1) {
    return 'here';
  }
  if (b.partial > 0) {
    return b.pieces === 1 ? 'being fetched' : `${percent(b.done)} here, ${count(b.partial)} being fetched`;
  }
  if (b.unwanted >= 1) {
    return b.done > 0 ? `${percent(b.done)} here, the rest not wanted` : 'not wanted';
  }
  return b.done > 0 ? `${percent(b.done)} here` : 'wanted';
}

/** whoHas says how many of the connected peers have a cell, or the rarest piece of it. */
export function whoHas(b: Bucket, peers: number): string {
  if (peers === 0) {
    return 'no peer is connected';
  }
  const rarest = b.pieces === 1 ? '' : 'its rarest piece: ';
  return `${rarest}${b.availability === 0 ? 'none' : count(b.availability)} of ${count(peers)} peers ${b.availability === 1 ? 'has' : 'have'} it`;
}

/** How many files of a cell are named. */
const named = 3;

/** filesOf are the names of the files in a cell, the first few, and how many more there are. */
export function filesIn(files: readonly TorrentFile[], b: Bucket): { paths: string[]; more: number } {
  const last = b.first + b.pieces - 1;
  const paths: string[] = [];
  let more = 0;
  for (let i = firstWith(files, b.first); i < files.length; i++) {
    const f = files[i] as TorrentFile;
    if (f.first_piece > last) {
      break;
    }
    if (paths.length < named) {
      paths.push(f.path);
    } else {
      more++;
    }
  }
  return { paths, more };
}

/** firstWith finds the first file that does not end before a piece: files are in the order of their bytes. */
function firstWith(files: readonly TorrentFile[], piece: number): number {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((files[middle] as TorrentFile).last_piece < piece) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

export interface Stretch {
  first: number;
  last: number;
  state: string;
  /** The fewest peers that have one of its pieces. */
  least: number;
}

/** stretches joins neighbours that are alike, for a table of the picture; at most so many, and how many more. */
export function stretches(buckets: readonly Bucket[], view: View, most: number): { rows: Stretch[]; more: number } {
  const rows: Stretch[] = [];
  for (const b of buckets) {
    const was = rows.at(-1);
    const state = stateOf(b);
    if (was?.state === state && (view === 'state' || was.least === b.availability)) {
      was.last = b.first + b.pieces - 1;
      was.least = Math.min(was.least, b.availability);
    } else {
      rows.push({ first: b.first, last: b.first + b.pieces - 1, state, least: b.availability });
    }
  }
  return { rows: rows.slice(0, most), more: Math.max(0, rows.length - most) };
}

/** sizeOf is how many bytes the cell's pieces have; the last one may be shorter. */
export function sizeOf(b: Bucket, pieceLength: number): string {
  return bytes(b.pieces * pieceLength);
}

/** describeCell is all there is to say of a cell: its name, state, who has it, its files. */
export function describeCell(b: Bucket, files: readonly TorrentFile[], peers: number, pieceLength: number): string[] {
  const { paths, more } = filesIn(files, b);
  const said = [`${nameOf(b)} (${sizeOf(b, pieceLength)})`, stateOf(b), whoHas(b, peers)];
  if (paths.length > 0) {
    said.push(`${paths.map((p) => plain(p)).join(', ')}${more > 0 ? ` and ${count(more)} more files` : ''}`);
  }
  return said;
}
