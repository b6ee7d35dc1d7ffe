import { useState } from 'react';
import { Button } from '../../ui/Button';
import { plain } from '../../ui/sanitise';
import { MoveTorrent } from '../MoveTorrent';
import type { Torrent } from '../../api/types';
import styles from './settings.module.css';

/** Where its files are. */
export function Place({ torrent: t }: { torrent: Torrent }) {
  const [moving, setMoving] = useState(false);
  return (
    <section className={styles.group}>
      <h3>Folder</h3>
      <div className={styles.place}>
        <code>{plain(t.dir)}</code>
        <Button onClick={() => setMoving(true)}>Move</Button>
      </div>
      {moving && <MoveTorrent id={t.id} onClose={() => setMoving(false)} />}
    </section>
  );
}
