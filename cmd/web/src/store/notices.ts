import { Cell, useCell } from './cell';

/** Something that a person is told in passing. */
export interface Notice {
  id: number;
  kind: 'ok' | 'bad' | 'info';
  text: string;
  detail?: string;
  action?: { label: string; run: () => void };
}

/** More are not shown at once: the oldest goes. */
const most = 4;
/** How long one stays, in ms. One with an action, or about something that failed, stays
 *  until it is sent away: it may be read later. */
const stay = 6000;

export const notices = new Cell<readonly Notice[]>([]);
let last = 0;

/** notify shows a notice, and returns what takes it away. The same text again replaces
 *  the one that is there. */
export function notify(n: Omit<Notice, 'id'>): () => void {
  const id = ++last;
  const others = notices.get().filter((o) => o.text !== n.text || o.detail !== n.detail);
  notices.set([...others, { ...n, id }].slice(-most));
  if (!n.action && n.kind !== 'bad') setTimeout(() => dismiss(id), stay);
  return () => dismiss(id);
}

/** dismiss takes a notice away. */
export function dismiss(id: number): void {
  const left = notices.get().filter((n) => n.id !== id);
  if (left.length < notices.get().length) notices.set(left);
}

export const useNotices = (): readonly Notice[] => useCell(notices);
