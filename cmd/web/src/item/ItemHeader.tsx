import { lazy, Suspense, useState } from 'react';
import { act } from '../api/actions';
import { go } from '../app/route';
import { stateWords } from '../list/why';
import { useCan } from '../store/link';
import { Button, IconButton } from '../ui/Button';
import { bytes, percent, rate, span } from '../ui/format';
import { Menu } from '../ui/Menu';
import { Name } from '../ui/Name';
import { Progress } from '../ui/Progress';
import { moreVerbs } from './moreVerbs';
import type { Torrent } from '../api/types';
import { toneOf } from './states';
import styles from './item.module.css';

const RemoveDialog = lazy(() => import('../remove/RemoveDialog'));

/** Name, state and progress of a torrent, and what can be done with it. */
export function ItemHeader({ torrent: t }: { torrent: Torrent }) {
  const can = useCan();
  return (
    <header className={styles.header}>
      <div className={styles.title}>
        <h2>
          <Name>{t.name}</Name>
        </h2>
        {can && <Verbs torrent={t} />}
        <IconButton icon="close" label="Close (Esc)" onClick={() => go({ name: 'list' })} />
      </div>
      <p className={styles.line}>
        <span className={styles.state} data-tone={toneOf(t.state)}>
          {stateWords[t.state]}
        </span>
        {lineOf(t).map((part) => (
          <span key={part.key} data-part={part.key}>
            {part.text}
          </span>
        ))}
      </p>
      <Progress value={t.progress} tone={toneOf(t.state)} label="Progress" />
    </header>
  );
}

/** lineOf is what is most worth knowing, in a line. */
function lineOf(t: Torrent): { key: string; text: string }[] {
  return [
    { key: 'done', text: t.size > 0 ? `${percent(t.progress)} of ${bytes(t.wanted)}` : '' },
    { key: 'down', text: t.down_rate > 0 ? `↓ ${rate(t.down_rate)}` : '' },
    { key: 'up', text: t.up_rate > 0 ? `↑ ${rate(t.up_rate)}` : '' },
    { key: 'eta', text: t.eta !== null && t.state === 'downloading' ? `${span(t.eta)} left` : '' },
  ].filter((part) => part.text !== '');
}

function Verbs({ torrent: t }: { torrent: Torrent }) {
  const [at, setAt] = useState<Element | null>(null);
  const [removing, setRemoving] = useState(false);
  const stopped = t.paused || t.state === 'completed' || t.state === 'failed';
  return (
    <div className={styles.verbs}>
      {stopped ? (
        <Button icon="start" onClick={() => void act.start([t.id])}>
          Start
        </Button>
      ) : (
        <Button icon="pause" onClick={() => void act.pause([t.id])}>
          Pause
        </Button>
      )}
      <IconButton icon="more" label="More actions" aria-haspopup="menu" onClick={(e) => setAt(e.currentTarget)} />
      <Menu open={at !== null} at={at} label="Actions" onClose={() => setAt(null)} items={moreVerbs(t, () => setRemoving(true))} />
      {removing && (
        <Suspense fallback={null}>
          <RemoveDialog ids={[t.id]} onClose={() => setRemoving(false)} />
        </Suspense>
      )}
    </div>
  );
}
