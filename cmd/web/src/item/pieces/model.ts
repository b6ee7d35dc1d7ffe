// What is known of a torrent's pieces, and how events change it.
import type { Bucket, PartialPiece, PiecesBody, PiecesEvent, Run } from '../../api/types';
import { bit, fromBase64, withBits } from './bits';

/** All pieces one by one. Never changed: an event makes a new one. */
export interface Pieces {
  readonly count: number;
  readonly have: Uint8Array;
  readonly unwanted: Uint8Array;
  readonly partial: readonly PartialPiece[];
  readonly availability: readonly Run[];
}

/** Torrents with more pieces are asked for in buckets: one by one they would be megabytes. */
export const wholeMost = 20_000;

export function piecesOf(body: PiecesBody): Pieces {
  return {
    count: body.count,
    have: fromBase64(body.have),
    unwanted: fromBase64(body.unwanted),
    partial: body.partial ?? [],
    availability: body.availability ?? [],
  };
}

/** applyPieces is what is known after an event. */
export function applyPieces(was: Pieces | undefined, ev: PiecesEvent): Pieces {
  const old = was?.count === ev.count ? was : piecesOf({ count: ev.count });
  const have = ev.have === undefined ? old.have : fromBase64(ev.have);
  return {
    count: ev.count,
    have: ev.got && ev.got.length > 0 ? withBits(have, ev.got, ev.count) : have,
    unwanted: ev.unwanted === undefined ? old.unwanted : fromBase64(ev.unwanted),
    partial: ev.partial === undefined ? old.partial : (ev.partial ?? []) /* a null: none any more */,
    availability: ev.availability ?? old.availability,
  };
}

/**
 * bucketsOf sums pieces up in n parts at most, whose sizes differ by one at most: as the
 * daemon does it. With as many parts as pieces, each is one piece.
 */
export function bucketsOf(p: Pieces, most: number): Bucket[] {
  const n = Math.min(most, p.count);
  const peers = eachRun(p.availability);
  const buckets: Bucket[] = [];
  for (let i = 0; i < n; i++) {
    const first = Math.floor((i * p.count) / n);
    const end = Math.floor(((i + 1) * p.count) / n);
    let have = 0;
    let unwanted = 0;
    let least = Infinity;
    for (let piece = first; piece < end; piece++) {
      have += bit(p.have, piece);
      unwanted += bit(p.unwanted, piece);
      least = Math.min(least, peers());
    }
    const size = end - first;
    buckets.push({ first, pieces: size, done: have / size, unwanted: unwanted / size, partial: 0, availability: least });
  }
  for (const part of p.partial) {
    const b = buckets[bucketAt(part.piece, p.count, n)];
    if (b) {
      b.partial++;
    }
  }
  return buckets;
}

/** bucketAt is in which of n buckets a piece is. */
export function bucketAt(piece: number, count: number, n: number): number {
  return Math.ceil(((piece + 1) * n) / count) - 1;
}

/** eachRun gives the peers of one piece after the other; 0 after the last run. */
function eachRun(runs: readonly Run[]): () => number {
  let at = 0;
  let left = runs[0]?.length ?? 0;
  return () => {
    while (left <= 0 && at < runs.length) {
      left = runs[++at]?.length ?? 0;
    }
    left--;
    return runs[at]?.peers ?? 0;
  };
}
