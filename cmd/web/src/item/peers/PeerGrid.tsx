import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type KeyboardEvent } from 'react';
import { plain } from '../../ui/sanitise';
import type { Peer } from '../../api/types';
import { useSize } from '../../ui/useSize';
import { columns } from './columns';
import { sortBy, type PeerSort } from './sort';
import styles from './peers.module.css';

/** Heights of a row in CSS pixels: of one line, or of two where there is no room for the columns. */
const heights = { line: 28, block: 48 } as const;

/** Narrower than this there is no room for the columns. */
const narrow = 480;

interface Props {
  /** In the order in which they are shown. */
  peers: readonly Peer[];
  sort: PeerSort;
  onSort: (s: PeerSort) => void;
  /** Whose row is marked; undefined: none. */
  selected: string | undefined;
  onSelect: (addr: string) => void;
  onDrop: (addr: string) => void;
}

/** A list of peers of any length: only what is seen is in the page. */
export function PeerGrid({ peers, sort, onSort, selected, onSelect, onDrop }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const width = useSize(scroll)?.width ?? Infinity;
  const height = width < narrow ? heights.block : heights.line;
  const rows = useVirtualizer({ count: peers.length, getScrollElement: () => scroll.current, estimateSize: () => height, overscan: 10 });
  useEffect(() => rows.measure(), [rows, height]);
  const at = peers.findIndex((p) => p.addr === selected);

  const key = (e: KeyboardEvent): void => {
    const p = peers[at];
    if (e.key === 'Delete' && p) {
      e.preventDefault();
      onDrop(p.addr);
      return;
    }
    const next = moved(at, e.key, peers.length);
    const target = next === undefined ? undefined : peers[next];
    if (next !== undefined && target) {
      e.preventDefault();
      onSelect(target.addr);
      rows.scrollToIndex(next);
    }
  };
  return (
    <div
      ref={scroll}
      className={styles.grid}
      data-narrow={width < narrow || undefined}
      role="grid"
      aria-label="Peers"
      aria-rowcount={peers.length + 1}
      aria-activedescendant={at >= 0 ? rowId(at) : undefined}
      tabIndex={0}
      onKeyDown={key}
    >
      <Head sort={sort} onSort={onSort} />
      <div role="rowgroup" className={styles.body} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((v) => {
          const p = peers[v.index];
          return p && <Row key={p.addr} peer={p} index={v.index} top={v.start} selected={p.addr === selected} onSelect={onSelect} />;
        })}
      </div>
    </div>
  );
}

function rowId(index: number): string {
  return `peer-${index}`;
}

/** moved is to which row a key leads; undefined: nowhere. */
function moved(from: number, key: string, count: number): number | undefined {
  const steps: Readonly<Record<string, number>> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 15, PageUp: -15, Home: -count, End: count };
  const by = steps[key];
  return by === undefined || count === 0 ? undefined : Math.min(count - 1, Math.max(0, from + by));
}

function Head({ sort, onSort }: Pick<Props, 'sort' | 'onSort'>) {
  return (
    <div role="rowgroup" className={styles.head}>
      <div role="row" className={styles.row} aria-rowindex={1}>
        {columns.map((c) => (
          <div
            key={c.key}
            role="columnheader"
            data-column={c.key}
            className={c.number ? styles.number : undefined}
            aria-sort={sort.key !== c.key ? 'none' : sort.down ? 'descending' : 'ascending'}
          >
            <button type="button" className={styles.sort} title={c.hint} onClick={() => onSort(sortBy(sort, c.key))}>
              {c.label}
              {sort.key === c.key && <span aria-hidden="true">{sort.down ? ' ↓' : ' ↑'}</span>}
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  peer: Peer;
  index: number;
  top: number;
  selected: boolean;
  onSelect: (addr: string) => void;
}

function Row({ peer, index, top, selected, onSelect }: RowProps) {
  return (
    // The grid has the focus and takes the keys; a row is for the pointer.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={rowId(index)}
      role="row"
      className={styles.row}
      aria-rowindex={index + 2}
      aria-selected={selected}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(peer.addr)}
    >
      {columns.map((c) => (
        <div key={c.key} role="gridcell" data-column={c.key} className={c.number ? styles.number : undefined} title={c.title?.(peer)}>
          <bdi>{plain(c.text(peer))}</bdi>
        </div>
      ))}
    </div>
  );
}
