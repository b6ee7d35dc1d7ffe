/** What a key does in the list. */
export type Step =
  | { do: 'step'; by: number; stretch: boolean }
  | { do: 'page'; by: 1 | -1; stretch: boolean }
  | { do: 'first' | 'last'; stretch: boolean }
  | { do: 'all' | 'open' | 'toggle' | 'space' | 'remove' | 'menu' | 'clear' };

interface Key {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** Reads a key that was pressed on a row. null: it is none of ours, and goes on to the page. */
export function stepOf(e: Key): Step | null {
  const ctrl = e.ctrlKey || e.metaKey;
  const stretch = e.shiftKey;
  if (e.altKey) return null;
  if (ctrl) return e.key === 'a' ? { do: 'all' } : ctrlStep(e.key, stretch);
  switch (e.key) {
    case 'ArrowDown':
    case 'j':
    case 'J':
      return { do: 'step', by: 1, stretch };
    case 'ArrowUp':
    case 'k':
    case 'K':
      return { do: 'step', by: -1, stretch };
    case 'PageDown':
      return { do: 'page', by: 1, stretch };
    case 'PageUp':
      return { do: 'page', by: -1, stretch };
    case 'Home':
      return { do: 'first', stretch };
    case 'End':
      return { do: 'last', stretch };
    case 'Enter':
      return { do: 'open' };
    case 'x':
      return { do: 'toggle' };
    case ' ':
      return { do: 'space' };
    case 'Delete':
      return { do: 'remove' };
    case 'ContextMenu':
      return { do: 'menu' };
    case 'F10':
      return stretch ? { do: 'menu' } : null;
    case 'Escape':
      return { do: 'clear' };
    default:
      return null;
  }
}

function ctrlStep(key: string, stretch: boolean): Step | null {
  if (key === 'Home') return { do: 'first', stretch };
  if (key === 'End') return { do: 'last', stretch };
  return null;
}
