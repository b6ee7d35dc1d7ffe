import { useCallback, useEffect, useMemo, useState } from 'react';
import { go, useRoute } from '../app/route';
import { viewFromHash, type View } from '../store/view';
import type { Layout } from './layout';
import { keepQuery, keptQuery, layoutOf, queryOf } from './query';

export interface ListAddress {
  view: View;
  layout: Layout;
  /** replace: the way back does not lead to the view of before, as while somebody types. */
  setView: (v: View, replace?: boolean) => void;
  setLayout: (l: Layout) => void;
}

/** How long a column may be dragged before the address is written again: browsers bound how often it may be. */
const settle = 250;

/** The view and the columns, which live in the address. */
export function useListAddress(): ListAddress {
  const route = useRoute();
  const { query } = route;
  const view = useMemo(() => viewFromHash(query), [query]);
  const written = useMemo(() => layoutOf(query), [query]);
  const [draft, setDraft] = useState<Layout | null>(null);
  const layout = draft ?? written;

  const write = useCallback(
    (next: string, replace: boolean) => {
      keepQuery(localStorage, next);
      go(route, { query: next, replace });
    },
    [route],
  );
  const setView = useCallback((v: View, replace = false) => write(queryOf(v, layout), replace), [write, layout]);

  useEffect(() => {
    if (draft === null) return;
    const timer = setTimeout(() => {
      write(queryOf(view, draft), true);
      setDraft(null);
    }, settle);
    return () => clearTimeout(timer);
  }, [draft, view, write]);

  useEffect(() => {
    // Once, when the page comes without a view of its own.
    const kept = keptQuery(localStorage);
    if (query === '' && kept !== '') go(route, { query: kept, replace: true });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  return { view, layout, setView, setLayout: setDraft };
}
