import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useMemo, useRef } from 'react';
import { href, useRoute } from '../app/route';
import { useIds, useLoaded, useRow } from '../store/rows';
import { viewFromHash } from '../store/view';
import { Empty } from '../ui/Empty';
import { bytes, rate } from '../ui/format';
import { Name } from '../ui/Name';
import { Progress } from '../ui/Progress';
import styles from './ListScreen.module.css';

/** ListScreen shows the torrents of a view. */
export default function ListScreen() {
  const { query } = useRoute();
  const view = useMemo(() => viewFromHash(query), [query]);
  const ids = useIds(view);
  const loaded = useLoaded();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: ids.length, getScrollElement: () => box.current, estimateSize: () => 30, overscan: 10 });
  return (
    <div ref={box} className={styles.screen}>
      {loaded && ids.length === 0 && (
        <Empty title="No torrents here">
          <p>Add one, or drop a .torrent file.</p>
        </Empty>
      )}
      <div className={styles.space} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((v) => (
          <Line key={ids[v.index]} id={ids[v.index] ?? ''} top={v.start} />
        ))}
      </div>
    </div>
  );
}

const Line = memo(function Line({ id, top }: { id: string; top: number }) {
  const t = useRow(id);
  if (!t) return null;
  return (
    <a className={styles.row} style={{ transform: `translateY(${top}px)` }} href={href({ name: 'item', id, tab: 'overview' })}>
      <span className={styles.name}>
        <Name>{t.name}</Name>
      </span>
      <span>{t.state}</span>
      <Progress value={t.progress} label={`Progress of ${t.name}`} />
      <span className={styles.number}>{bytes(t.size)}</span>
      <span className={styles.number}>{rate(t.down_rate)}</span>
    </a>
  );
});
