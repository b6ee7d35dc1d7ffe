import type { MenuItem } from '../ui/Menu';
import type { IconName } from '../ui/Icon';
import { columnIds, columns } from './columns';
import { defaultLayout, toggleColumn, type Layout } from './layout';
import { verbOrder, verbs, verbsFor, type Verb } from './verbs';

const icons: Readonly<Partial<Record<Verb, IconName>>> = {
  start: 'start',
  start_now: 'right',
  pause: 'pause',
  check: 'check',
  announce: 'retry',
  move: 'move',
  labels: 'label',
  limits: 'limit',
  top: 'up',
  up: 'up',
  down: 'down',
  bottom: 'down',
  copy: 'copy',
  remove: 'remove',
};

/** What can be done with rows, as a menu. A group of which nothing is left has no line. */
export function verbItems(rows: Parameters<typeof verbsFor>[0], run: (v: Verb) => void): MenuItem[] {
  const can = verbsFor(rows);
  const out: MenuItem[] = [];
  for (const v of verbOrder) {
    if (v === null) {
      if (out.length > 0 && out.at(-1) !== 'line') out.push('line');
    } else if (can.has(v)) {
      out.push({ label: verbs[v].label, icon: icons[v], hint: verbs[v].key, bad: v === 'remove', run: () => run(v) });
    }
  }
  return out;
}

/** Who may only look opens and copies. */
export function readItems(open: () => void, run: (v: Verb) => void): MenuItem[] {
  return [
    { label: 'Open', icon: 'info', hint: 'Enter', run: open },
    { label: verbs.copy.label, icon: 'copy', run: () => run('copy') },
  ];
}

/** The columns to choose from. */
export function columnItems(layout: Layout, set: (l: Layout) => void): MenuItem[] {
  const one = columnIds
    .filter((id) => id !== 'name')
    .map((id): MenuItem => ({
      label: columns[id].title,
      checked: layout.shown.includes(id),
      run: () => set(toggleColumn(layout, id)),
    }));
  return [...one, 'line', { label: 'As at first', icon: 'retry', run: () => set(defaultLayout) }];
}
