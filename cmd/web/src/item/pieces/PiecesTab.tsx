import { useMemo, useRef, useState } from 'react';
import { explain } from '../../api/problem';
import { count } from '../../ui/format';
import { useFiles } from '../files/useFiles';
import type { Torrent, TorrentFile } from '../../api/types';
import { useSize } from '../../ui/useSize';
import { cellsFor } from './layout';
import { Legend } from './Legend';
import type { View } from './paint';
import { PieceMap } from './PieceMap';
import { describeCell, summary } from './twin';
import { Twin } from './Twin';
import { useBuckets } from './useBuckets';
import styles from './pieces.module.css';

/** The picture may be so high, in CSS pixels: what follows it should be seen, too. */
const highest = 420;

/** Which pieces are here, which are being fetched, and who has them. */
export default function PiecesTab({ torrent }: { torrent: Torrent }) {
  const room = useRef<HTMLDivElement>(null);
  const width = useSize(room)?.width ?? 0;
  const cells = width > 0 ? cellsFor(torrent.pieces, width, highest) : 0;
  const { buckets, problem } = useBuckets(torrent, cells);
  const files = useFilesInOrder(torrent);
  const [view, setView] = useState<View>('state');
  const [at, setAt] = useState<number>();
  const cell = at === undefined ? undefined : buckets[at];
  const said = cell ? describeCell(cell, files, torrent.peers, torrent.piece_length) : undefined;
  if (torrent.pieces === 0) {
    return <p className={styles.none}>It is not known yet what is in this torrent.</p>;
  }
  const lines = summary(buckets, torrent.pieces, torrent.peers);
  const summed = buckets.length > 0 && buckets.length < torrent.pieces;
  return (
    <div className={styles.tab}>
      <Legend view={view} onView={setView} />
      {problem !== undefined && problem !== null && <p role="alert">{explain(problem).title}</p>}
      <div ref={room} className={styles.room}>
        {buckets.length > 0 && <PieceMap buckets={buckets} view={view} width={width} height={highest} at={at} onAt={setAt} text={said?.join('. ') ?? ''} />}
      </div>
      <p className={styles.said}>{said ? said.join(' · ') : `Point at a cell, or walk over them with the arrow keys.${summed ? ` Each stands for about ${count(Math.round(torrent.pieces / buckets.length))} pieces.` : ''}`}</p>
      {buckets.length > 0 && <Twin lines={lines} buckets={buckets} view={view} />}
    </div>
  );
}

/** useFilesInOrder are all files in the order of their bytes. */
function useFilesInOrder(t: Torrent): readonly TorrentFile[] {
  const { tree, total, loading } = useFiles(t, false);
  return useMemo(() => {
    void total; // the tree stays the same object while files come in
    return loading ? [] : [...tree.leaves()].map((l) => l.file).sort((a, b) => a.index - b.index);
  }, [tree, total, loading]);
}
