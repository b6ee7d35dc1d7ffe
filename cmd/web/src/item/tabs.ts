import type { Place, Tab } from '../app/route';

/** What the tabs of an item are called. */
export const tabNames: Readonly<Record<Tab, string>> = {
  overview: 'Overview',
  files: 'Files',
  peers: 'Peers',
  trackers: 'Trackers',
  pieces: 'Pieces',
  rates: 'Rates',
  settings: 'Settings',
};

/** toTab is the place of a tab. */
export function toTab(id: string, tab: Tab): Place {
  return { name: 'item', id, tab };
}
