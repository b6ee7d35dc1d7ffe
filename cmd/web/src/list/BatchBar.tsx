import { count } from '../ui/format';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { rowsOf } from './commands';
import css from './batch.module.css';
import type { Selection } from './selection';
import { useSelectedIds } from './useSelection';
import { verbs, verbsFor, type Verb } from './verbs';

interface Props {
  ids: readonly string[];
  selection: Selection;
  onVerb: (v: Verb, ids: readonly string[]) => void;
  onMenu: (x: number, y: number) => void;
}

/** The verbs that are a click away; the others are in the menu. */
const shown = ['start', 'pause', 'labels', 'move', 'limits', 'remove'] as const;
/** Those that a phone has in the menu, too. */
const roomy: readonly Verb[] = ['labels', 'move', 'limits'];

/** What can be done with all that are selected. It is there while several are. */
export function BatchBar({ ids, selection, onVerb, onMenu }: Props) {
  const selected = useSelectedIds(selection);
  if (selected.size === 0) return null;
  const targets = selection.targets(ids);
  const can = verbsFor(rowsOf(targets));
  return (
    <div className={css.bar} role="toolbar" aria-label="Selected torrents">
      <span className={css.count} role="status">
        {count(selected.size)} selected
      </span>
      {shown
        .filter((v) => can.has(v))
        .map((v) => (
          <Button
            key={v}
            className={roomy.includes(v) ? css.roomy : undefined}
            look={v === 'remove' ? 'danger' : 'plain'}
            onClick={() => onVerb(v, targets)}
          >
            {verbs[v].label}
          </Button>
        ))}
      <Button
        aria-haspopup="menu"
        onClick={(e) => {
          const box = e.currentTarget.getBoundingClientRect();
          onMenu(box.left, box.top);
        }}
      >
        More
      </Button>
      <span className={css.gap} />
      {selected.size < ids.length && (
        <Button className={css.roomy} onClick={() => selection.all(ids)}>
          Select all {count(ids.length)}
        </Button>
      )}
      <Button aria-label="Let go of the selection" onClick={() => selection.clear()}>
        <Icon name="close" />
      </Button>
    </div>
  );
}
