import { flexRender, type Header, type Table } from '@tanstack/react-table';
import { memo, useRef, useState, type KeyboardEvent } from 'react';
import type { Row } from '../store/rows';
import type { SortKey } from '../store/view';
import { columns, isColumn, type ColumnId } from './columns';
import css from './grid.module.css';
import { moveColumn, sizeColumn, widthOf, type Layout } from './layout';
import { useColumnDrag } from './useColumnDrag';

interface Props {
  table: Table<Row>;
  layout: Layout;
  /** The table has it, too, but stays the same object when it changes. */
  sort: readonly SortKey[];
  onLayout: (l: Layout) => void;
}

/** How far a key sizes a column, in CSS pixels. */
const keyStep = 16;

/** The names of the columns: click or enter sorts, shift adds a key, dragging or ctrl and arrows move, shift and arrows size. */
export const GridHead = memo(function GridHead({ table, layout, sort, onLayout }: Props) {
  const row = useRef<HTMLDivElement>(null);
  const [hot, setHot] = useState<ColumnId>('name');
  const { over, ...drag } = useColumnDrag((id, to) => onLayout(moveColumn(layout, id, layout.shown.indexOf(to))));
  const headers = table.getFlatHeaders().filter((h) => isColumn(h.column.id));
  const tabStop = layout.shown.includes(hot) ? hot : layout.shown[0];

  const onKey = (e: KeyboardEvent, id: ColumnId): void => {
    if (e.key !== 'ArrowLeft' && e.key !== 'ArrowRight') return;
    e.preventDefault();
    const by = e.key === 'ArrowLeft' ? -1 : 1;
    const at = layout.shown.indexOf(id);
    if (e.shiftKey) onLayout(sizeColumn(layout, id, widthOf(layout, id) + by * keyStep));
    else if (e.ctrlKey || e.metaKey || e.altKey) onLayout(moveColumn(layout, id, at + by));
    else {
      const next = layout.shown[at + by];
      if (next !== undefined) row.current?.querySelector<HTMLElement>(`[data-column="${next}"]`)?.focus();
    }
  };

  return (
    <div ref={row} role="row" aria-rowindex={1} className={css.head}>
      {headers.map((h, i) => {
        const id = h.column.id as ColumnId;
        return (
          <div
            key={id}
            role="columnheader"
            aria-colindex={i + 1}
            aria-sort={ariaSort(h)}
            className={css.headCell}
            data-end={columns[id].end}
            data-over={over === id || undefined}
          >
            <button
              type="button"
              {...drag}
              className={css.headButton}
              data-column={id}
              tabIndex={id === tabStop ? 0 : -1}
              title={headTitle(id)}
              onClick={h.column.getToggleSortingHandler()}
              onFocus={() => {
                setHot(id);
              }}
              onKeyDown={(e) => {
                onKey(e, id);
              }}
            >
              <span className={css.headText}>{flexRender(h.column.columnDef.header, h.getContext())}</span>
              <SortMark header={h} several={sort.length > 1} />
            </button>
            <span
              className={css.grip}
              aria-hidden="true"
              onMouseDown={h.getResizeHandler()}
              onTouchStart={h.getResizeHandler()}
              onDoubleClick={() => {
                onLayout(sizeColumn(layout, id, columns[id].width));
              }}
            />
          </div>
        );
      })}
    </div>
  );
});

function headTitle(id: ColumnId): string {
  const sort = columns[id].unsorted ? '' : ' · click sorts, with shift as a further key';
  return `${columns[id].title}${sort} · drag or ctrl + arrows move · shift + arrows size`;
}

function ariaSort(h: Header<Row, unknown>): 'ascending' | 'descending' | undefined {
  const s = h.column.getIsSorted();
  // One column at a time may say that it is sorted.
  if (s === false || h.column.getSortIndex() > 0) return undefined;
  return s === 'asc' ? 'ascending' : 'descending';
}

function SortMark({ header, several }: { header: Header<Row, unknown>; several: boolean }) {
  const s = header.column.getIsSorted();
  if (s === false) return null;
  return (
    <span className={css.sortMark} aria-hidden="true">
      {s === 'asc' ? '▲' : '▼'}
      {several && <sub>{header.column.getSortIndex() + 1}</sub>}
    </span>
  );
}
