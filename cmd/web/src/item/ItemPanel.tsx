import { lazy, Suspense, type ComponentType } from 'react';
import { go, tabs, type Tab } from '../app/route';
import { useLoaded, useRow } from '../store/rows';
import { Button } from '../ui/Button';
import { Empty } from '../ui/Empty';
import { Tabs } from '../ui/Tabs';
import { ItemHeader } from './ItemHeader';
import Overview from './overview/Overview';
import { useCollect } from './rates/useSamples';
import type { Torrent } from '../api/types';
import { tabNames, toTab } from './tabs';
import styles from './item.module.css';

/** What is in the tabs; all but the first are loaded when they are looked at. */
const panels: Readonly<Record<Tab, ComponentType<{ torrent: Torrent }>>> = {
  overview: Overview,
  files: lazy(() => import('./files/FilesTab')),
  peers: lazy(() => import('./peers/PeersTab')),
  trackers: lazy(() => import('./trackers/TrackersTab')),
  pieces: lazy(() => import('./pieces/PiecesTab')),
  rates: lazy(() => import('./rates/RatesTab')),
  settings: lazy(() => import('./settings/SettingsTab')),
};

const list = tabs.map((id) => ({ id, label: tabNames[id] }));

/** One torrent: what it is called, what can be done with it, and its tabs. */
export default function ItemPanel({ id, tab }: { id: string; tab: Tab }) {
  const torrent = useRow(id);
  const loaded = useLoaded();
  const turn = (to: Tab): void => go(toTab(id, to), { replace: true });
  useCollect(id);
  if (!torrent) {
    return loaded ? <Gone /> : null;
  }
  const Panel = panels[tab];
  return (
    <div className={styles.panel}>
      <ItemHeader torrent={torrent} />
      <Tabs label="About this torrent" tabs={list} selected={tab} onSelect={turn} panelClassName={styles.content}>
        <Suspense fallback={null}>
          <Panel key={id} torrent={torrent} />
        </Suspense>
      </Tabs>
    </div>
  );
}

function Gone() {
  return (
    <Empty title="This torrent is not there.">
      <p>It may have been removed, here or by another program.</p>
      <Button onClick={() => go({ name: 'list' })}>To the list</Button>
    </Empty>
  );
}
