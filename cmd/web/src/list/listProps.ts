import type { RefObject } from 'react';
import type { Selection } from './selection';
import type { Step } from './gridKeys';

/** What the table and the cards have in common. */
export interface ListProps {
  ids: readonly string[];
  selection: Selection;
  /** The torrent whose details are open. */
  openId: string | null;
  onOpen: (id: string) => void;
  /** Does what a key asks for beyond moving: pause, remove, ... */
  onStep: (step: Step) => void;
  /** The menu of the targets, at a place of the window. */
  onMenu: (x: number, y: number) => void;
  /** Filled in by the list: moves the cursor by one, and the focus with it. */
  handle: RefObject<ListHandle | null>;
}

/** How others move in the list. */
export interface ListHandle {
  step: (by: number, stretch: boolean) => void;
  /** Puts the focus on the row with the cursor, or on the first. */
  focus: () => void;
}
