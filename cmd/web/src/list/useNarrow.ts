import { useCallback, useState } from 'react';

/** Below this width, in CSS pixels, a table shows little more than names. */
const tableNeeds = 560;

/** Whether an element is too narrow for a table; the first is its ref. */
export function useNarrow(): [(el: HTMLElement | null) => (() => void) | undefined, boolean] {
  const [narrow, setNarrow] = useState(() => innerWidth < tableNeeds);
  const ref = useCallback((el: HTMLElement | null) => {
    if (el === null || typeof ResizeObserver === 'undefined') return undefined;
    const watch = new ResizeObserver(([entry]) => {
      // A list that is not shown, as behind an item on a phone, has no width.
      if (entry && entry.contentRect.width > 0) setNarrow(entry.contentRect.width < tableNeeds);
    });
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  return [ref, narrow];
}
