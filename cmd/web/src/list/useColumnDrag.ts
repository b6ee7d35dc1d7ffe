import { useRef, useState, type MouseEvent, type PointerEvent } from 'react';
import { isColumn, type ColumnId } from './columns';

/** How far a pointer moves before a click becomes a drag, in CSS pixels. */
const slack = 6;

export interface ColumnDrag {
  /** Where the column would go if it were let go of now. */
  over: ColumnId | null;
  onPointerDown: (e: PointerEvent<HTMLElement>) => void;
  onPointerMove: (e: PointerEvent<HTMLElement>) => void;
  onPointerUp: (e: PointerEvent<HTMLElement>) => void;
  onPointerCancel: () => void;
  onClickCapture: (e: MouseEvent) => void;
}

/**
 * Drags a column by its head, which has its id as data-column. By pointer events: what browsers call dragging does not begin
 * on a button in all of them, and would reach whoever waits for files to be dropped on the page.
 */
export function useColumnDrag(onDrop: (id: ColumnId, to: ColumnId) => void): ColumnDrag {
  const held = useRef<{ id: ColumnId; x: number } | null>(null);
  const dragged = useRef(false);
  const [over, setOver] = useState<ColumnId | null>(null);
  const end = (): void => {
    held.current = null;
    setOver(null);
  };
  return {
    over,
    onPointerDown(e) {
      const id = columnOf(e.currentTarget);
      dragged.current = false;
      // A finger scrolls the table.
      held.current = id === null || e.button !== 0 || e.pointerType === 'touch' ? null : { id, x: e.clientX };
    },
    onPointerMove(e) {
      const drag = held.current;
      if (drag === null) return;
      if (!dragged.current && Math.abs(e.clientX - drag.x) < slack) return;
      if (!dragged.current) e.currentTarget.setPointerCapture(e.pointerId);
      dragged.current = true;
      const below = columnOf(document.elementFromPoint(e.clientX, e.clientY));
      setOver(below === drag.id ? null : below);
    },
    onPointerUp() {
      const drag = held.current;
      if (drag !== null && over !== null) onDrop(drag.id, over);
      end();
    },
    onPointerCancel: end,
    onClickCapture(e) {
      // The click that ends a drag sorts nothing.
      if (dragged.current) e.stopPropagation();
      dragged.current = false;
    },
  };
}

function columnOf(el: Element | null): ColumnId | null {
  const head = el?.closest('[role=columnheader]')?.querySelector<HTMLElement>('[data-column]');
  const id = head?.dataset['column'] ?? '';
  return isColumn(id) ? id : null;
}
