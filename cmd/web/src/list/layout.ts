import { columns, isColumn, type ColumnId } from './columns';

/** Which columns there are, in which order, and how wide. A layout is never changed: each step makes a new one. */
export interface Layout {
  readonly shown: readonly ColumnId[];
  /** Only of those that the user has sized. */
  readonly widths: Readonly<Partial<Record<ColumnId, number>>>;
}

export const minWidth = 48;
export const maxWidth = 1200;

export const defaultLayout: Layout = {
  shown: ['name', 'state', 'progress', 'size', 'down_rate', 'up_rate', 'eta', 'ratio', 'peers', 'added'],
  widths: {},
};

export function widthOf(l: Layout, id: ColumnId): number {
  return l.widths[id] ?? columns[id].width;
}

/** Shows or hides a column. The name stays: a row without it is nobody's. */
export function toggleColumn(l: Layout, id: ColumnId): Layout {
  if (id === 'name') return l;
  const shown = l.shown.includes(id) ? l.shown.filter((c) => c !== id) : [...l.shown, id];
  return { ...l, shown };
}

/** Puts a column where another one is. */
export function moveColumn(l: Layout, id: ColumnId, to: number): Layout {
  const from = l.shown.indexOf(id);
  const at = Math.max(0, Math.min(l.shown.length - 1, to));
  if (from < 0 || from === at) return l;
  const shown = l.shown.filter((c) => c !== id);
  shown.splice(at, 0, id);
  return { ...l, shown };
}

export function sizeColumn(l: Layout, id: ColumnId, width: number): Layout {
  const w = Math.round(Math.max(minWidth, Math.min(maxWidth, width)));
  return w === widthOf(l, id) ? l : { ...l, widths: { ...l.widths, [id]: w } };
}

/** A layout as it stands in an address: `name.400,state,size`; the default is empty. */
export function formatLayout(l: Layout): string {
  const part = (id: ColumnId): string => {
    const w = widthOf(l, id);
    return w === columns[id].width ? id : `${id}.${w}`;
  };
  const text = l.shown.map(part).join(',');
  return text === defaultLayout.shown.join(',') ? '' : text;
}

/** Reads what formatLayout wrote, or what somebody typed: what makes no sense is left out. */
export function parseLayout(text: string): Layout {
  if (text === '') return defaultLayout;
  const shown: ColumnId[] = [];
  const widths: Partial<Record<ColumnId, number>> = {};
  for (const part of text.slice(0, 2000).split(',')) {
    const [id = '', width] = part.split('.');
    if (!isColumn(id) || shown.includes(id)) continue;
    shown.push(id);
    const w = Number(width);
    if (width !== undefined && w >= minWidth && w <= maxWidth) widths[id] = Math.round(w);
  }
  if (shown.length === 0) return defaultLayout;
  if (!shown.includes('name')) shown.unshift('name');
  return { shown, widths };
}
