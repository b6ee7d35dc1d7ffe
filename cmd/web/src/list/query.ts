import { viewFromHash, viewToHash, type View } from '../store/view';
import { formatLayout, parseLayout, type Layout } from './layout';

/** The query of a list's address: its view, and its columns unless they are the usual ones. */
export function queryOf(view: View, layout: Layout): string {
  const q = new URLSearchParams(viewToHash(view));
  const cols = formatLayout(layout);
  if (cols !== '') q.set('cols', cols);
  // Commas are no marks of a query, and the address stays readable.
  return q.toString().replaceAll('%2C', ',');
}

/** Reads what queryOf wrote. */
export function layoutOf(query: string): Layout {
  return parseLayout(new URLSearchParams(query).get('cols') ?? '');
}

const key = 'gotor.list';

/** Keeps order and columns for the next visit. Filters are not kept: nobody wants to wonder where the torrents are. */
export function keepQuery(storage: Pick<Storage, 'setItem'>, query: string): void {
  const view = viewFromHash(query);
  const kept = queryOf({ ...view, states: [], labels: [], trackers: [], dirs: [], q: '' }, layoutOf(query));
  try {
    storage.setItem(key, kept);
  } catch {
    // A browser that keeps nothing: the address has it.
  }
}

export function keptQuery(storage: Pick<Storage, 'getItem'>): string {
  try {
    const query = (storage.getItem(key) ?? '').slice(0, 4000);
    return queryOf(viewFromHash(query), layoutOf(query));
  } catch {
    return '';
  }
}
