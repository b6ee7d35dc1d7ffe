import { useCallback, useRef, useState } from 'react';
import { go, useRoute } from '../app/route';
import { useCan } from '../store/link';
import { useIds, useLoaded } from '../store/rows';
import type { SortKey } from '../store/view';
import { Menu } from '../ui/Menu';
import { BatchBar } from './BatchBar';
import { Cards } from './Cards';
import { rowsOf } from './commands';
import { chips } from './filters';
import { Grid } from './Grid';
import { ListDialogs } from './ListDialogs';
import { ListHead } from './ListHead';
import type { ListHandle, ListProps } from './listProps';
import css from './list.module.css';
import { columnItems, readItems, verbItems } from './menus';
import { NoTorrents, NothingMatches } from './Nothing';
import { Rail } from './Rail';
import { useListAddress } from './useListAddress';
import { useListCommands } from './useListCommands';
import { useListKeys } from './useListKeys';
import { useNarrow } from './useNarrow';
import { useSelection } from './useSelection';

interface Point {
  x: number;
  y: number;
}

/** The list of torrents with its filters, search and verbs. */
export default function ListScreen() {
  const route = useRoute();
  const { view, layout, setView, setLayout } = useListAddress();
  const ids = useIds(view);
  const loaded = useLoaded();
  const can = useCan();
  const selection = useSelection(ids);
  const handle = useRef<ListHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const [menu, setMenu] = useState<{ of: 'rows' | 'columns'; at: Point } | null>(null);
  const [railOpen, setRailOpen] = useState(false);
  const [box, narrow] = useNarrow();
  const openId = route.name === 'item' ? route.id : null;
  const tab = route.name === 'item' ? route.tab : 'overview';
  const open = useCallback((id: string) => go({ name: 'item', id, tab }), [tab]);
  const commands = useListCommands(ids, selection, open);
  useListKeys({ list: handle, search, can, step: commands.step });

  const rowMenu = (x: number, y: number): void => setMenu({ of: 'rows', at: { x, y } });
  const list: ListProps = {
    ids,
    selection,
    openId,
    handle,
    onOpen: open,
    onStep: commands.step,
    onMenu: rowMenu,
  };
  const columnMenu = (x: number, y: number): void => setMenu({ of: 'columns', at: { x, y } });
  const onSort = (sort: SortKey[]): void => setView({ ...view, sort });
  const targets = menu?.of === 'rows' ? selection.targets(ids) : [];
  const run = (verb: Parameters<typeof commands.run>[0]): void => commands.run(verb, targets);
  const rowItems = can ? verbItems(rowsOf(targets), run) : readItems(() => commands.step({ do: 'open' }), run);

  return (
    <div className={css.screen} data-rail={railOpen || undefined}>
      <Rail view={view} onView={setView} onClose={() => setRailOpen(false)} />
      <section ref={box} className={css.main} aria-label="Torrents">
        <h1 className="sr-only">Torrents</h1>
        <ListHead
          search={search}
          view={view}
          onView={setView}
          shown={ids.length}
          cards={narrow}
          onRail={() => setRailOpen(!railOpen)}
          onColumns={columnMenu}
          onDown={() => handle.current?.focus()}
        />
        {ids.length > 0 ? (
          narrow ? (
            <Cards {...list} />
          ) : (
            <Grid {...list} layout={layout} onLayout={setLayout} sort={view.sort} onSort={onSort} onColumnMenu={columnMenu} />
          )
        ) : (
          loaded && (chips(view).length > 0 ? <NothingMatches view={view} onView={setView} /> : <NoTorrents />)
        )}
        {can && <BatchBar ids={ids} selection={selection} onVerb={commands.run} onMenu={rowMenu} />}
      </section>
      <Menu
        open={menu !== null}
        onClose={() => setMenu(null)}
        at={menu?.at ?? null}
        label={menu?.of === 'columns' ? 'Columns' : 'Torrent'}
        items={menu?.of === 'columns' ? columnItems(layout, setLayout) : rowItems}
      />
      <ListDialogs asked={commands.asked} onClose={commands.answer} />
    </div>
  );
}
