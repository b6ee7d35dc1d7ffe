import { useImperativeHandle, type KeyboardEvent, type MouseEvent } from 'react';
import { stepOf, type Step } from './gridKeys';
import type { ListProps } from './listProps';
import type { VirtualList } from './useVirtualList';

interface Handlers {
  onKeyDown: (e: KeyboardEvent<HTMLElement>) => void;
  onClick: (e: MouseEvent<HTMLElement>) => void;
  onDoubleClick: (e: MouseEvent<HTMLElement>) => void;
  onContextMenu: (e: MouseEvent<HTMLElement>) => void;
}

/** What keys and the pointer do in a list; clickOpens: one click opens, otherwise it takes two. One handler for all rows: a row has no functions of its own, and renders less. */
export function useListEvents(
  { ids, selection, onOpen, onStep, onMenu, handle }: ListProps,
  list: VirtualList,
  clickOpens: boolean,
): Handlers {
  const move = (step: Step): boolean => {
    if (!('stretch' in step)) return false;
    const reach = step.stretch ? 'stretch' : 'plain';
    list.follow();
    if (step.do === 'step') selection.step(ids, step.by, reach);
    else if (step.do === 'page') selection.step(ids, step.by * list.page(), reach);
    else selection.go(ids, step.do === 'first' ? 0 : ids.length - 1, reach);
    return true;
  };
  const focus = (): void => {
    list.follow();
    selection.go(ids, list.tabStop, 'plain');
  };
  useImperativeHandle(handle, () => ({
    step: (by, stretch) => void move({ do: 'step', by, stretch }),
    focus,
  }));
  return {
    onKeyDown(e) {
      const id = idOf(e.target);
      const step = id === null ? null : stepOf(e);
      if (id === null || step === null) return;
      // With nothing to let go of, escape is the page's: it closes what is open beside the list.
      if (step.do === 'clear' && selection.selected.size === 0) return;
      e.preventDefault();
      e.stopPropagation();
      if (selection.cursor === null) selection.go(ids, ids.indexOf(id), 'plain');
      if (move(step)) return;
      if (step.do === 'menu') onMenu(...below(e.target));
      else onStep(step);
    },
    onClick(e) {
      const id = idOf(e.target);
      if (id === null) return;
      const boxed = e.target instanceof Element && e.target.closest('[data-pick]') !== null;
      const keys = { shift: e.shiftKey, ctrl: e.ctrlKey || e.metaKey || boxed };
      list.follow();
      selection.click(ids, id, keys);
      if (clickOpens && !keys.shift && !keys.ctrl) onOpen(id);
    },
    onDoubleClick(e) {
      const id = idOf(e.target);
      if (id !== null) onOpen(id);
    },
    onContextMenu(e) {
      const id = idOf(e.target);
      if (id === null) return;
      e.preventDefault();
      // The menu is of what is selected only if the pointer is on it.
      if (!selection.has(id)) selection.click(ids, id, { shift: false, ctrl: false });
      onMenu(e.clientX, e.clientY);
    },
  };
}

/** The torrent of the row that an event happened in. */
function idOf(target: EventTarget): string | null {
  return target instanceof Element ? (target.closest<HTMLElement>('[data-id]')?.dataset['id'] ?? null) : null;
}

/** Where a menu opens that a key asked for. */
function below(target: EventTarget): [number, number] {
  if (!(target instanceof Element)) return [0, 0];
  const box = target.getBoundingClientRect();
  return [box.left + 48, box.bottom];
}
