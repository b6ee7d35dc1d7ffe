/** A view that was given a name, and its address. */
export interface SavedView {
  name: string;
  /** The query of the list in the address. */
  query: string;
}

const key = 'gotor.views';
const most = 50;

/** Reads the saved views. What another version or another hand wrote is dropped, not trusted. */
export function readViews(storage: Pick<Storage, 'getItem'>): SavedView[] {
  try {
    const found: unknown = JSON.parse(storage.getItem(key) ?? '[]');
    return Array.isArray(found) ? found.filter(isView).slice(0, most) : [];
  } catch {
    return [];
  }
}

function isView(v: unknown): v is SavedView {
  if (typeof v !== 'object' || v === null || !('name' in v) || !('query' in v)) return false;
  return (
    typeof v.name === 'string' && v.name !== '' && v.name.length <= 100 && typeof v.query === 'string' && v.query.length <= 4000
  );
}

/** Writes them. A browser that keeps nothing is no reason to fail: the views last as long as the page. */
export function writeViews(storage: Pick<Storage, 'setItem'>, views: readonly SavedView[]): void {
  try {
    storage.setItem(key, JSON.stringify(views));
  } catch {
    // Full, or forbidden.
  }
}

/** Adds a view, or replaces the one of that name. */
export function withView(views: readonly SavedView[], name: string, query: string): SavedView[] {
  const at = views.findIndex((v) => v.name === name);
  if (at < 0) return [...views, { name, query }].slice(-most);
  return views.map((v, i) => (i === at ? { name, query } : v));
}
