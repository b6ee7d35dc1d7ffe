import { lazy, Suspense } from 'react';
import { DropOverlay } from '../add/DropOverlay';
import { useKeys } from '../keys/keys';
import { StatusBar } from '../list/bar/StatusBar';
import ListScreen from '../list/ListScreen';
import { Boundary } from './Boundary';
import { Header } from './Header';
import { go, tabs, useRoute, type Route } from './route';
import { useCan, useLink } from '../store/link';
import styles from './Shell.module.css';
import { Strips } from './strips/Strips';

const ItemPanel = lazy(() => import('../item/ItemPanel'));
const AddScreen = lazy(() => import('../add/AddScreen'));
const SettingsScreen = lazy(() => import('../settings/SettingsScreen'));
const ActivityScreen = lazy(() => import('../activity/ActivityScreen'));

/** Shell is the frame around the screens. */
export function Shell() {
  const route = useRoute();
  const can = useCan();
  const old = ['reconnecting', 'offline', 'stopped'].includes(useLink().state);
  useKeys('Everywhere', {
    'g l': { label: 'The list', run: () => go({ name: 'list' }) },
    'g a': { label: 'Activity', run: () => go({ name: 'activity' }) },
    a: { label: 'Add torrents', when: () => can, run: () => go({ name: 'add' }) },
    ',': { label: 'Settings', run: () => go({ name: 'settings', section: '' }) },
  });
  return (
    <div className={styles.shell}>
      <div>
        <a className={styles.skip} href="#main" onClick={skip}>
          To the content
        </a>
        <Header route={route} />
      </div>
      <div>
        <Strips />
      </div>
      <main id="main" className={old ? `${styles.main ?? ''} ${styles.old ?? ''}` : styles.main} tabIndex={-1}>
        <Boundary key={onList(route) ? 'list' : route.name}>
          <Suspense fallback={null}>
            <Screen route={route} />
          </Suspense>
        </Boundary>
      </main>
      <StatusBar />
      <DropOverlay />
    </div>
  );
}

/** The list stays what it is while something is open beside it. */
function onList(route: Route): boolean {
  return route.name === 'list' || route.name === 'item' || route.name === 'add';
}

function skip(e: { preventDefault: () => void }): void {
  e.preventDefault(); // the hash is where somebody is
  document.getElementById('main')?.focus();
}

function Screen({ route }: { route: Route }) {
  const can = useCan();
  switch (route.name) {
    case 'settings':
      return (
        <div className={styles.page}>
          <SettingsScreen section={route.section} />
        </div>
      );
    case 'activity':
      return (
        <div className={styles.page}>
          <ActivityScreen />
        </div>
      );
  }
  return (
    <div className={route.name === 'item' ? `${styles.split ?? ''} ${styles.both ?? ''}` : styles.split}>
      <ListScreen />
      {route.name === 'item' && (
        <section className={styles.panel} aria-label="Torrent">
          <ItemKeys id={route.id} tab={route.tab} />
          <Suspense fallback={null}>
            <ItemPanel id={route.id} tab={route.tab} />
          </Suspense>
        </section>
      )}
      {route.name === 'add' && can && <AddScreen />}
    </div>
  );
}

function ItemKeys({ id, tab }: { id: string; tab: (typeof tabs)[number] }) {
  const turn = (by: number) => go({ name: 'item', id, tab: tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length] ?? 'overview' }, { replace: true });
  useKeys('Torrent', {
    '[': { label: 'The tab before', run: () => turn(-1) },
    ']': { label: 'The next tab', run: () => turn(1) },
    Escape: { label: 'Close the torrent', run: () => go({ name: 'list' }) },
  });
  return null;
}
