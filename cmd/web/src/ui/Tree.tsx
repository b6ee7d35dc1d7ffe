import { useVirtualizer } from '@tanstack/react-virtual';
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Icon } from './Icon';
import styles from './Tree.module.css';
import { move } from './treekeys';

interface Props<T> {
  label: string;
  /** Rows that are to be seen, in order: what is in a closed folder is not among them. */
  rows: readonly T[];
  render: (row: T, index: number) => ReactNode;
  keyOf: (row: T) => string;
  /** From 0. */
  depthOf: (row: T) => number;
  /** undefined: it holds nothing and cannot be opened. */
  expanded: (row: T) => boolean | undefined;
  onToggle: (row: T) => void;
  /** Enter, or a double click. */
  onOpen?: (row: T) => void;
  /** Space. */
  onCheck?: (row: T) => void;
  /** Whether it is checked; undefined, or without this: it cannot be. */
  checked?: (row: T) => boolean | 'mixed' | undefined;
  /** Another row has become the one that keys are for. */
  onActive?: (row: T) => void;
  /** A key that is none of the tree's own. */
  onKey?: (e: KeyboardEvent, row: T) => void;
  /** What a letter looks for. */
  textOf?: (row: T) => string;
  rowHeight?: number;
}

/** Tree shows a flat list of rows as a tree. Only what is in sight is in the document, so
 *  that 100,000 rows are as quick as ten. */
export function Tree<T>(p: Props<T>) {
  const { rows, rowHeight = 30 } = p;
  const box = useRef<HTMLDivElement>(null);
  const base = useId();
  const [key, setKey] = useState('');
  const found = rows.findIndex((r) => p.keyOf(r) === key);
  const at = Math.max(found, 0);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 8, getItemKey: (i) => p.keyOf(rows[i] as T) });

  const choose = (row: T) => {
    setKey(p.keyOf(row));
    p.onActive?.(row);
  };
  const go = (to: number) => {
    const row = rows[to];
    if (row === undefined) return;
    choose(row);
    virtual.scrollToIndex(to);
  };
  const onKeyDown = (e: KeyboardEvent<HTMLDivElement>) => {
    const row = rows[at];
    if (row === undefined || e.target !== box.current || e.ctrlKey || e.metaKey || e.altKey) return;
    const m = move(e.key, at, rows, p, Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / rowHeight) - 1));
    if (m === 'open') p.onOpen?.(row);
    else if (m === 'check') p.onCheck?.(row);
    else if (m === 'toggle') p.onToggle(row);
    else if (m !== undefined) go(m);
    else return p.onKey?.(e, row);
    e.preventDefault();
  };

  return (
    <div ref={box} role="tree" aria-label={p.label} tabIndex={0} aria-activedescendant={rows.length > 0 ? `${base}-${at}` : undefined} className={styles.tree} onKeyDown={onKeyDown}>
      <div className={styles.space} style={{ height: virtual.getTotalSize() }} role="presentation">
        {virtual.getVirtualItems().map((v) => {
          const row = rows[v.index];
          if (row === undefined) return null;
          const open = p.expanded(row);
          return (
            // Keys are heard by the tree, which has the focus.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
            <div
              key={v.key}
              id={`${base}-${v.index}`}
              role="treeitem"
              aria-level={p.depthOf(row) + 1}
              aria-expanded={open}
              aria-checked={p.checked?.(row)}
              aria-selected={v.index === at}
              className={v.index === at ? `${styles.row ?? ''} ${styles.active ?? ''}` : styles.row}
              style={{ transform: `translateY(${v.start}px)`, height: rowHeight, paddingInlineStart: `${p.depthOf(row) * 1.125 + 0.25}rem` }}
              onClick={() => choose(row)}
              onDoubleClick={() => p.onOpen?.(row)}
            >
              {/* The arrow is for pointers: the keys that do the same are heard by the tree. */}
              { }
              <span className={styles.toggle} onClick={open === undefined ? undefined : () => p.onToggle(row)} aria-hidden="true">
                {open !== undefined && <Icon name={open ? 'expand' : 'right'} size={12} />}
              </span>
              {p.render(row, v.index)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
