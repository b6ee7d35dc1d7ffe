import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useCounts } from '../store/rows';
import type { View } from '../store/view';
import { count } from '../ui/format';
import { IconButton } from '../ui/Button';
import { plain as shownName } from '../ui/sanitise';
import { filterGroups, onlyFilter, toggleFilter, unfiltered, chips, type FilterGroup, type FilterItem } from './filters';
import { RailGroup } from './RailGroup';
import css from './rail.module.css';
import { SavedViews } from './SavedViews';
import { StateMark } from './StateMark';
import type { Row } from '../store/rows';

interface FilterProps {
  view: View;
  onView: (v: View) => void;
}

interface Props extends FilterProps {
  /** Where there is no room for it beside the list, it is laid over it, and closed. */
  onClose: () => void;
}

/** The filters at the side: states, labels, trackers, folders with their counts, and the views that were saved. */
export function Rail({ view, onView, onClose }: Props) {
  const counts = useCounts();
  const nav = useRef<HTMLElement>(null);
  const total = Object.values(counts.state).reduce((sum, n) => sum + n, 0);
  return (
    <>
      {/* A tap beside the rail closes it; by keys, escape and the button do. */}
      <button type="button" className={css.beside} tabIndex={-1} aria-hidden="true" onClick={onClose} />
      {/* The arrows are a shortcut between buttons, each of which tab reaches, too. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <nav
        ref={nav}
        className={css.rail}
        aria-label="Filters"
        onKeyDown={(e) => {
          if (e.key === 'Escape') onClose();
          walk(e, nav.current);
        }}
      >
        <IconButton className={css.close} icon="close" label="Close filters" onClick={onClose} />
        <RailButton
          text="All"
          count={total}
          on={chips(view).length === 0}
          onClick={() => {
            onView(unfiltered(view));
          }}
        />
        {filterGroups(counts, view).map((g) => (
          <FilterItems key={g.kind} group={g} view={view} onView={onView} />
        ))}
        <SavedViews view={view} onView={onView} />
      </nav>
    </>
  );
}

function FilterItems({ group, view, onView }: { group: FilterGroup } & FilterProps) {
  if (group.items.length === 0) return null;
  const click = (i: FilterItem, several: boolean): void => {
    onView((several ? toggleFilter : onlyFilter)(view, group.kind, i.value));
  };
  return (
    <RailGroup id={group.kind} title={group.title}>
      {group.items.map((i) => (
        <RailButton
          key={i.value}
          mark={group.kind === 'states' ? <StateMark state={i.value as Row['state']} /> : undefined}
          text={shownName(i.text)}
          count={i.count}
          on={i.on}
          onClick={(several) => {
            click(i, several);
          }}
        />
      ))}
    </RailGroup>
  );
}

interface ButtonProps {
  mark?: ReactNode;
  text: string;
  count?: number;
  on: boolean;
  /** several: with ctrl or shift, beside the filters that are on. */
  onClick: (several: boolean) => void;
}

export function RailButton({ mark, text, count: n, on, onClick }: ButtonProps) {
  return (
    <button
      type="button"
      className={css.item}
      aria-pressed={on}
      title={text}
      onClick={(e) => {
        onClick(e.ctrlKey || e.metaKey || e.shiftKey);
      }}
    >
      {mark}
      <bdi className={css.text}>{text}</bdi> {n !== undefined && <span className={css.count}>{count(n)}</span>}
    </button>
  );
}

/** Arrows, home and end go from button to button. */
function walk(e: KeyboardEvent, nav: HTMLElement | null): void {
  const buttons = [...(nav?.querySelectorAll<HTMLElement>('button, summary') ?? [])].filter((b) => b.offsetParent !== null);
  const at = buttons.indexOf(e.target as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[e.key];
  if (at < 0 || to === undefined) return;
  e.preventDefault();
  buttons[to]?.focus();
}
