import { useMemo, type CSSProperties } from 'react';
import type { SortKey } from '../store/view';
import { GridHead } from './GridHead';
import { GridRow } from './GridRow';
import css from './grid.module.css';
import { type Layout } from './layout';
import type { ListProps } from './listProps';
import { totalWidth, tracks, useColumns } from './useColumns';
import { useListEvents } from './useListEvents';
import { rem } from './rem';
import { useVirtualList } from './useVirtualList';

interface Props extends ListProps {
  layout: Layout;
  onLayout: (l: Layout) => void;
  sort: readonly SortKey[];
  onSort: (s: SortKey[]) => void;
  onColumnMenu: (x: number, y: number) => void;
}

/** Heights; the styles have the same. */
const rowHeight = rem(1.875);
const headHeight = rem(1.75);

/** The table of torrents: only the rows that are seen are in the document, the grid says how many there are. */
export function Grid(props: Props) {
  const { ids, selection, openId, layout, onLayout } = props;
  const list = useVirtualList(props, rowHeight, headHeight);
  const events = useListEvents(props, list, openId !== null);
  const table = useColumns({ layout, onLayout, sort: props.sort, onSort: props.onSort });
  const shown = layout.shown.join();
  // The same array while columns only change their widths: no row renders for that.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const columns = useMemo(() => layout.shown, [shown]);
  const { virtualizer, tabStop, setScroller } = list;
  const style = useMemo(
    () => ({ '--tracks': tracks(layout), '--width': `${String(totalWidth(layout))}px` }) as CSSProperties,
    [layout],
  );
  return (
    <div
      ref={setScroller}
      role="grid"
      aria-label="Torrents"
      aria-rowcount={ids.length + 1}
      aria-colcount={columns.length}
      aria-multiselectable="true"
      className={css.grid}
      data-sized={Object.keys(layout.widths).length > 0 || undefined}
      style={style}
      tabIndex={-1}
      {...events}
      onContextMenu={(e) => {
        events.onContextMenu(e);
        if (e.defaultPrevented || !(e.target instanceof Element) || !e.target.closest('[role=columnheader]')) return;
        e.preventDefault();
        props.onColumnMenu(e.clientX, e.clientY);
      }}
    >
      <GridHead table={table} layout={layout} sort={props.sort} onLayout={onLayout} />
      <div role="rowgroup" className={css.body} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index }) => {
          const id = ids[index];
          return id === undefined ? null : (
            <GridRow
              key={id}
              id={id}
              index={index}
              columns={columns}
              selection={selection}
              open={id === openId}
              first={index === tabStop}
              height={rowHeight}
            />
          );
        })}
      </div>
    </div>
  );
}
