import { getCoreRowModel, useReactTable, type ColumnDef, type SortingState, type Table } from '@tanstack/react-table';
import { useMemo } from 'react';
import type { Row } from '../store/rows';
import type { SortKey } from '../store/view';
import { columnIds, columns, isColumn, type ColumnId } from './columns';
import { maxWidth, minWidth, sizeColumn, widthOf, type Layout } from './layout';

const defs: ColumnDef<Row>[] = columnIds.map((id) => ({
  id,
  accessorKey: id,
  header: columns[id].title,
  size: columns[id].width,
  minSize: minWidth,
  maxSize: maxWidth,
  enableSorting: columns[id].unsorted !== true,
  sortDescFirst: columns[id].most === true,
}));

// The table knows columns, their order, sizes and sorting. Rows stay in their store, which sorts them once for everybody.
const noRows: Row[] = [];

interface Options {
  layout: Layout;
  onLayout: (l: Layout) => void;
  sort: readonly SortKey[];
  onSort: (sort: SortKey[]) => void;
}

/** The columns as TanStack's table sees them. */
export function useColumns({ layout, onLayout, sort, onSort }: Options): Table<Row> {
  const state = useMemo(() => {
    const sorting: SortingState = sort.map((s) => ({ id: s.key, desc: s.desc }));
    return {
      columnOrder: [...layout.shown],
      columnVisibility: Object.fromEntries(columnIds.map((id) => [id, layout.shown.includes(id)])),
      columnSizing: Object.fromEntries(layout.shown.map((id) => [id, widthOf(layout, id)])),
      sorting,
    };
  }, [layout, sort]);
  return useReactTable<Row>({
    data: noRows,
    columns: defs,
    getCoreRowModel: getCoreRowModel(),
    state,
    manualSorting: true,
    enableMultiSort: true,
    isMultiSortEvent: (e) => (e as { shiftKey?: boolean }).shiftKey === true,
    columnResizeMode: 'onChange',
    onSortingChange: (update) => {
      const next = typeof update === 'function' ? update(state.sorting) : update;
      onSort(next.flatMap((s) => (isColumn(s.id) ? [{ key: s.id, desc: s.desc }] : [])));
    },
    onColumnSizingChange: (update) => {
      const next = typeof update === 'function' ? update(state.columnSizing) : update;
      onLayout(resized(layout, next));
    },
  });
}

function resized(layout: Layout, widths: Readonly<Record<string, number>>): Layout {
  return Object.entries(widths).reduce((l, [id, w]) => (isColumn(id) ? sizeColumn(l, id, w) : l), layout);
}

/** The tracks of the grid. A name that nobody has sized takes the room that is left. */
export function tracks(layout: Layout): string {
  const track = (id: ColumnId): string => {
    const w = `${String(widthOf(layout, id))}px`;
    return id === 'name' && layout.widths.name === undefined ? `minmax(${w}, 1fr)` : w;
  };
  return layout.shown.map(track).join(' ');
}

export function totalWidth(layout: Layout): number {
  return layout.shown.reduce((sum, id) => sum + widthOf(layout, id), 0);
}
