import { useState } from 'react';
import { act } from '../../api/actions';
import { go } from '../../app/route';
import { useCan } from '../../store/link';
import { Button } from '../../ui/Button';
import { MoveTorrent } from '../MoveTorrent';
import type { Torrent } from '../../api/types';
import { toTab } from '../tabs';
import type { Remedy } from './says';
import styles from './overview.module.css';

/** The buttons for what would help; none for who may only look. */
export function Remedies({ torrent, remedies }: { torrent: Torrent; remedies: readonly Remedy[] }) {
  const can = useCan();
  const [moving, setMoving] = useState(false);
  if (!can || remedies.length === 0) {
    return null;
  }
  const run = (r: Remedy): void => {
    if (r === 'move') {
      setMoving(true);
    } else {
      carryOut(r, torrent.id);
    }
  };
  return (
    <div className={styles.remedies}>
      {remedies.map((r, i) => (
        <Button key={r} look={i === 0 ? 'primary' : 'normal'} onClick={() => run(r)}>
          {labelOf(r, torrent)}
        </Button>
      ))}
      {moving && <MoveTorrent id={torrent.id} onClose={() => setMoving(false)} />}
    </div>
  );
}

function labelOf(r: Remedy, t: Torrent): string {
  switch (r) {
    case 'start':
      return t.state === 'failed' ? 'Start again' : t.state === 'completed' ? 'Seed again' : 'Start';
    case 'start-now':
      return 'Start now';
    case 'announce':
      return 'Ask trackers now';
    case 'add-peers':
      return 'Add peers';
    case 'move':
      return 'Choose another folder';
    case 'check':
      return 'Check files';
    case 'trackers':
      return 'Edit trackers';
    case 'limits':
      return 'Change its limits';
    case 'files':
      return 'Select files';
  }
}

function carryOut(r: Exclude<Remedy, 'move'>, id: string): void {
  switch (r) {
    case 'start':
    case 'start-now':
      void act.start([id], r === 'start-now');
      break;
    case 'announce':
      void act.announce([id]);
      break;
    case 'check':
      void act.check([id]);
      break;
    case 'add-peers':
      go(toTab(id, 'peers'));
      break;
    case 'trackers':
      go(toTab(id, 'trackers'));
      break;
    case 'limits':
      go(toTab(id, 'settings'));
      break;
    case 'files':
      go(toTab(id, 'files'));
      break;
  }
}
