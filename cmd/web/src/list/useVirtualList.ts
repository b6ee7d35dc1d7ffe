import { defaultRangeExtractor, useVirtualizer, type Range, type Virtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from 'react';
import type { ListProps } from './listProps';
import { useCursor } from './useSelection';

export interface VirtualList {
  /** The ref of the element that scrolls. */
  setScroller: (el: HTMLDivElement | null) => void;
  virtualizer: Virtualizer<HTMLDivElement, Element>;
  /** The place of the row that tab leads to. */
  tabStop: number;
  /** Rows that fit, for a step by a page. */
  page: () => number;
  /** Lets the focus follow the cursor when it moves next. */
  follow: () => void;
}

/**
 * The rows that are seen, and the one with the cursor: it stays in the document when it is scrolled away, or the focus would
 * be lost. head: what covers the top of the scroller.
 */
export function useVirtualList({ ids, selection, openId }: ListProps, height: number, head: number): VirtualList {
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const following = useRef(false);
  const cursor = useCursor(selection);
  const at = cursor === null ? -1 : ids.indexOf(cursor);
  const tabStop = Math.max(0, at);
  const rangeExtractor = useCallback((range: Range) => withPlace(defaultRangeExtractor(range), tabStop, range.count), [tabStop]);
  // The same functions while they answer the same, or all places are reckoned again with each step of scrolling.
  const estimateSize = useCallback(() => height, [height]);
  const getItemKey = useCallback((i: number) => ids[i] ?? i, [ids]);
  const virtualizer = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scroller,
    estimateSize,
    getItemKey,
    overscan: 10,
    rangeExtractor,
    // The head takes room above the first row, and covers rows when it sticks there.
    scrollMargin: head,
    scrollPaddingStart: head,
  });
  useLayoutEffect(() => {
    virtualizer.measure();
  }, [virtualizer, height]);

  useEffect(() => {
    if (!following.current || cursor === null || at < 0) return;
    following.current = false;
    virtualizer.scrollToIndex(at, { align: 'auto' });
    scroller?.querySelector<HTMLElement>(`[data-id="${cursor}"]`)?.focus({ preventScroll: true });
  });

  // What is opened by its address, or by a link, is shown in the list as well.
  const show = useEffectEvent((id: string) => {
    const place = ids.indexOf(id);
    if (place < 0) return;
    if (selection.cursor === null) selection.go(ids, place, 'plain');
    virtualizer.scrollToIndex(place, { align: 'auto' });
  });
  const there = ids.length > 0 && scroller !== null;
  useEffect(() => {
    if (openId !== null && there) show(openId);
  }, [openId, there]);

  return {
    setScroller,
    virtualizer,
    tabStop,
    page: () => Math.max(1, Math.floor(((scroller?.clientHeight ?? 0) - head) / height) - 1),
    follow: () => {
      following.current = true;
    },
  };
}

/** The places that are rendered, in order, and one more. */
function withPlace(places: number[], place: number, count: number): number[] {
  if (place >= count || places.includes(place)) return places;
  return place < (places[0] ?? 0) ? [place, ...places] : [...places, place];
}
