import { lazy, Suspense, useState } from 'react';
import { act } from '../../api/actions';
import { explain } from '../../api/problem';
import { useCan, useLink } from '../../store/link';
import { Button } from '../../ui/Button';
import { useTrackers, useWebSeeds } from '../../api/queries';
import type { Torrent } from '../../api/types';
import { TrackerTable } from './TrackerTable';
import { WebSeedTable } from './WebSeedTable';
import styles from './trackers.module.css';

const EditTrackers = lazy(() => import('./EditTrackers'));
const EditWebSeeds = lazy(() => import('./EditWebSeeds'));

/** Where addresses of peers come from, and servers that have the data. */
export default function TrackersTab({ torrent }: { torrent: Torrent }) {
  const can = useCan();
  const { skew } = useLink();
  const trackers = useTrackers(torrent.id);
  const seeds = useWebSeeds(torrent.id);
  const [editing, setEditing] = useState<'trackers' | 'seeds'>();
  const now = trackers.dataUpdatedAt + skew;
  const close = (): void => setEditing(undefined);
  const problem = trackers.error ?? seeds.error;
  return (
    <div className={styles.tab}>
      {problem !== null && <p role="alert">{explain(problem).title}</p>}
      <section aria-label="Trackers">
        <header className={styles.head}>
          <h3>Trackers</h3>
          {can && (
            <>
              <Button onClick={() => void act.announce([torrent.id])}>Announce now</Button>
              <Button onClick={() => setEditing('trackers')}>Edit</Button>
            </>
          )}
        </header>
        {trackers.data && <TrackerTable trackers={trackers.data} isPrivate={torrent.private} now={now} />}
      </section>
      <section aria-label="Web seeds">
        <header className={styles.head}>
          <h3>Web seeds</h3>
          {can && <Button onClick={() => setEditing('seeds')}>Edit</Button>}
        </header>
        {seeds.data && <WebSeedTable seeds={seeds.data} />}
      </section>
      <Suspense fallback={null}>
        {editing === 'trackers' && <EditTrackers id={torrent.id} onClose={close} />}
        {editing === 'seeds' && <EditWebSeeds id={torrent.id} seeds={seeds.data ?? []} onClose={close} />}
      </Suspense>
    </div>
  );
}
