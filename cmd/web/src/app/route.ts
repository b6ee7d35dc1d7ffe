import { useSyncExternalStore } from 'react';

export const tabs = ['overview', 'files', 'peers', 'trackers', 'pieces', 'rates', 'settings'] as const;
export type Tab = (typeof tabs)[number];

/** Where somebody is in the page. */
export type Place =
  | { name: 'list' }
  | { name: 'item'; id: string; tab: Tab }
  | { name: 'add' }
  | { name: 'settings'; section: string }
  | { name: 'activity' };

/** A place, and the view of the list, which stays whatever is opened. */
export type Route = Place & { query: string };

/** parseRoute reads the hash of an address. What leads nowhere leads to the list. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = split(hash.replace(/^#/, ''));
  const [first = '', second = '', third = ''] = path.split('/').filter(Boolean);
  switch (first) {
    case 't':
      if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(second)) break;
      return { name: 'item', id: second, tab: tabs.find((t) => t === third) ?? 'overview', query };
    case 'add':
    case 'activity':
      return { name: first, query };
    case 'settings':
      return { name: 'settings', section: second, query };
  }
  return { name: 'list', query };
}

function split(s: string): [string, string] {
  const at = s.indexOf('?');
  return at < 0 ? [s, ''] : [s.slice(0, at), s.slice(at + 1)];
}

/** hrefOf is the address of a place with a query. */
export function hrefOf(place: Place, query: string): string {
  const path = {
    list: () => '',
    item: (p: Place & { name: 'item' }) => `t/${p.id}/${p.tab}`,
    add: () => 'add',
    settings: (p: Place & { name: 'settings' }) => (p.section ? `settings/${p.section}` : 'settings'),
    activity: () => 'activity',
  }[place.name] as (p: Place) => string;
  return `#/${path(place)}${query ? `?${query}` : ''}`;
}

/** oneTimeCode is the code of a link that signs in. */
export function oneTimeCode(hash: string): string | undefined {
  const code = new URLSearchParams(hash.replace(/^#/, '')).get('code');
  return code === null || code === '' ? undefined : code;
}

let parsed: { hash: string; route: Route } | undefined;

/** route is where somebody is now: the same object until that changes. */
export function route(): Route {
  const hash = location.hash;
  if (parsed?.hash !== hash) parsed = { hash, route: parseRoute(hash) };
  return parsed.route;
}

function subscribe(fn: () => void): () => void {
  addEventListener('hashchange', fn);
  return () => removeEventListener('hashchange', fn);
}

export const useRoute = (): Route => useSyncExternalStore(subscribe, route, route);

/** href is the address of a place; the view of the list is kept unless a query is given. */
export const href = (place: Place, query = route().query): string => hrefOf(place, query);

/** go goes to a place. replace: the way back does not lead here. */
export function go(place: Place, { query = route().query, replace = false }: { query?: string; replace?: boolean } = {}): void {
  const to = hrefOf(place, query);
  if (to === location.hash || (to === '#/' && location.hash === '')) return;
  if (!replace) {
    location.hash = to;
    return;
  }
  history.replaceState(history.state, '', to);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
