import type { RefObject } from 'react';
import { useKeys } from '../keys/keys';
import type { Step } from './gridKeys';
import type { ListHandle } from './listProps';

interface Options {
  list: RefObject<ListHandle | null>;
  search: RefObject<HTMLInputElement | null>;
  can: boolean;
  step: (s: Step) => void;
}

/**
 * The keys that work wherever the focus is. Those that buttons need for themselves work only while nothing has the focus; a
 * row that has it hears all of them itself.
 */
export function useListKeys({ list, search, can, step }: Options): void {
  const move = (by: number, stretch: boolean) => () => list.current?.step(by, stretch);
  useKeys('List', {
    '/': { label: 'Search', run: () => toSearch(search.current) },
    j: { label: 'Next torrent', run: move(1, false) },
    k: { label: 'Previous torrent', run: move(-1, false) },
    J: { label: 'Select on to the next', run: move(1, true) },
    K: { label: 'Select on to the previous', run: move(-1, true) },
    x: { label: 'Select, or let go', run: () => step({ do: 'toggle' }) },
    'Ctrl+a': { label: 'Select all', run: () => step({ do: 'all' }), when: idle },
    Enter: { label: 'Open', run: () => step({ do: 'open' }), when: idle },
    ...(can && {
      ' ': { label: 'Pause or start', run: () => step({ do: 'space' }), when: idle },
      Delete: { label: 'Remove', run: () => step({ do: 'remove' }) },
    }),
    ArrowDown: { label: 'Next torrent', run: move(1, false), when: idle },
    ArrowUp: { label: 'Previous torrent', run: move(-1, false), when: idle },
  });
}

function idle(): boolean {
  const at = document.activeElement;
  return at === null || at === document.body || at.getAttribute('role') === 'grid';
}

function toSearch(field: HTMLInputElement | null): void {
  field?.focus();
  field?.select();
}
