import type { EntriesEvent } from './types';

/** mergeEntries lays changed entries over a list; whole: they are all there are. What
 *  did not change stays the same object, and an unchanged list the same list. */
export function mergeEntries<T extends object>(was: readonly T[] | undefined, ev: EntriesEvent<T>, keyOf: (t: Partial<T>) => string, whole: boolean): T[] {
  const old = new Map((was ?? []).map((t) => [keyOf(t), t]));
  const next = whole ? new Map<string, T>() : new Map(old);
  for (const key of ev.removed) next.delete(key);
  for (const change of ev.entries) {
    const key = keyOf(change);
    next.set(key, { ...old.get(key), ...change } as T);
  }
  return [...next.values()];
}
