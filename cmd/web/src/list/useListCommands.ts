import { useCallback, useState } from 'react';
import { useCan } from '../store/link';
import { carryOut, rowsOf, type Asked } from './commands';
import type { Step } from './gridKeys';
import type { Selection } from './selection';
import { spaceVerb, type Verb } from './verbs';

export interface ListCommands {
  /** The dialog that is open, if one is. */
  asked: Asked | null;
  answer: () => void;
  run: (verb: Verb, ids: readonly string[]) => void;
  /** Does what a key asks for. */
  step: (step: Step) => void;
}

/** What keys and menus do to the targets of a selection. With a token that may look, what would change something does nothing. */
export function useListCommands(ids: readonly string[], selection: Selection, onOpen: (id: string) => void): ListCommands {
  const [asked, setAsked] = useState<Asked | null>(null);
  const can = useCan();
  const run = useCallback(
    (verb: Verb, targets: readonly string[]) => {
      if (can || verb === 'copy') void carryOut(verb, targets, setAsked);
    },
    [can],
  );
  const step = (s: Step): void => {
    const targets = selection.targets(ids);
    switch (s.do) {
      case 'all':
        return selection.all(ids);
      case 'clear':
        return selection.clear();
      case 'toggle':
        return selection.cursor === null ? undefined : selection.toggle(ids, selection.cursor);
      case 'open':
        return selection.cursor === null ? undefined : onOpen(selection.cursor);
      case 'remove':
        return run('remove', targets);
      case 'space': {
        const verb = spaceVerb(rowsOf(targets));
        return verb === null ? undefined : run(verb, targets);
      }
    }
  };
  return { asked, answer: () => setAsked(null), run, step };
}
