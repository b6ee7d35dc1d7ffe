import type { RefObject } from 'react';
import type { SortBy, View } from '../store/view';
import { useCounts } from '../store/rows';
import { IconButton } from '../ui/Button';
import { count } from '../ui/format';
import { Chips } from './Chips';
import { columnIds, columns, isColumn } from './columns';
import css from './list.module.css';
import { Search } from './Search';

interface Props {
  search: RefObject<HTMLInputElement | null>;
  view: View;
  onView: (v: View, replace?: boolean) => void;
  /** How many torrents the filters let through. */
  shown: number;
  /** Cards have no heads to sort by. */
  cards: boolean;
  onRail: () => void;
  onColumns: (x: number, y: number) => void;
  onDown: () => void;
}

/** The line above the list: search, the filters that are on, how many there are, columns. */
export function ListHead({ search, view, onView, shown, cards, onRail, onColumns, onDown }: Props) {
  return (
    <div className={css.head}>
      <IconButton className={css.railButton} icon="menu" label="Filters" onClick={onRail} />
      <Search field={search} q={view.q} onSearch={(q) => onView({ ...view, q }, true)} onDown={onDown} />
      <Chips view={{ ...view, q: '' }} onView={(v) => onView({ ...v, q: view.q })} />
      <span className={css.gap} />
      <Shown shown={shown} />
      {cards ? (
        <SortChoice view={view} onView={onView} />
      ) : (
        <IconButton
          icon="columns"
          label="Columns"
          aria-haspopup="menu"
          onClick={(e) => {
            const box = e.currentTarget.getBoundingClientRect();
            onColumns(box.right, box.bottom + 4);
          }}
        />
      )}
    </div>
  );
}

function Shown({ shown }: { shown: number }) {
  const all = Object.values(useCounts().state).reduce((sum, n) => sum + n, 0);
  return (
    <span className={css.shown} role="status">
      {shown === all ? (all === 1 ? '1 torrent' : `${count(all)} torrents`) : `${count(shown)} of ${count(all)}`}
    </span>
  );
}

function SortChoice({ view, onView }: Pick<Props, 'view' | 'onView'>) {
  const [first] = view.sort;
  const key = first?.key ?? 'added';
  const desc = first?.desc ?? true;
  const sort = (by: SortBy, down: boolean): void => onView({ ...view, sort: [{ key: by, desc: down }] });
  return (
    <span className={css.sort}>
      <select
        aria-label="Sort by"
        value={key}
        onChange={(e) => isColumn(e.target.value) && sort(e.target.value, columns[e.target.value].most === true)}
      >
        {columnIds
          .filter((id) => columns[id].unsorted !== true)
          .map((id) => (
            <option key={id} value={id}>
              {columns[id].title}
            </option>
          ))}
      </select>
      <IconButton icon={desc ? 'down' : 'up'} label={desc ? 'Descending' : 'Ascending'} onClick={() => sort(key, !desc)} />
    </span>
  );
}
