import { useEffect, useState, useSyncExternalStore } from 'react';
import { Selection } from './selection';

/** A selection of the list that is shown: what leaves the list leaves it, too. */
export function useSelection(ids: readonly string[]): Selection {
  const [selection] = useState(() => new Selection());
  useEffect(() => {
    selection.prune(ids);
  }, [selection, ids]);
  return selection;
}

export function useSelected(selection: Selection, id: string): boolean {
  return useSyncExternalStore(selection.subscribe, () => selection.has(id));
}

export function useIsCursor(selection: Selection, id: string): boolean {
  return useSyncExternalStore(selection.subscribe, () => selection.cursor === id);
}

export function useCursor(selection: Selection): string | null {
  return useSyncExternalStore(selection.subscribe, () => selection.cursor);
}

export function useSelectedIds(selection: Selection): ReadonlySet<string> {
  return useSyncExternalStore(selection.subscribe, () => selection.selected);
}
