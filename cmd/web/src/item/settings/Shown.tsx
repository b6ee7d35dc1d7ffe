import { act } from '../../api/actions';
import type { Torrent } from '../../api/types';
import { CommitField } from './CommitField';
import styles from './settings.module.css';

const check = (text: string): string => ([...text].length > 255 ? 'A name has at most 255 characters.' : '');

/** How it is called in the list. The files keep their names. */
export function Shown({ torrent: t }: { torrent: Torrent }) {
  return (
    <section className={styles.group}>
      <h3>Name</h3>
      <CommitField
        label="Shown as"
        value={t.name}
        hint="Empty goes back to its own name. Files keep theirs; rename those under Files."
        check={check}
        onCommit={(text) => void act.patch([t.id], { name: text.trim() === '' ? null : text.trim() })}
      />
    </section>
  );
}
