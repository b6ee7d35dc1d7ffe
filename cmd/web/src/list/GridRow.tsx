import { memo } from 'react';
import { useRow } from '../store/rows';
import { cell } from './cells';
import { columns as facts, type ColumnId } from './columns';
import css from './grid.module.css';
import type { Selection } from './selection';
import { useIsCursor, useSelected } from './useSelection';

interface Props {
  id: string;
  /** From 0, in the list. */
  index: number;
  /** The same array as long as the columns are the same; widths are none of a row's business. */
  columns: readonly ColumnId[];
  selection: Selection;
  /** The id whose details are open beside the list. */
  open: boolean;
  /** Nobody has the cursor, and this is the row that tab leads to. */
  first: boolean;
  height: number;
}

/** One row. It renders again when its torrent has changed, when it moves, or when it is selected; never because another did. */
export const GridRow = memo(function GridRow({ id, index, columns, selection, open, first, height }: Props) {
  const row = useRow(id);
  const selected = useSelected(selection, id);
  const cursor = useIsCursor(selection, id);
  if (row === undefined) return null;
  const labelled = !columns.includes('labels');
  return (
    <div
      role="row"
      className={css.row}
      data-id={id}
      data-cursor={cursor || undefined}
      data-open={open || undefined}
      data-rest={row.paused || undefined}
      aria-rowindex={index + 2}
      aria-selected={selected}
      tabIndex={cursor || first ? 0 : -1}
      style={{ top: index * height }}
    >
      {columns.map((c, i) => (
        <div
          key={c}
          role={c === 'name' ? 'rowheader' : 'gridcell'}
          aria-colindex={i + 1}
          className={facts[c].end ? css.end : css.cell}
        >
          {cell(c, row, labelled)}
        </div>
      ))}
    </div>
  );
});
