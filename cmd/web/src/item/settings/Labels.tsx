import { useId, useState } from 'react';
import { act } from '../../api/actions';
import { useCounts } from '../../store/rows';
import { Button } from '../../ui/Button';
import { plain } from '../../ui/sanitise';
import type { Torrent } from '../../api/types';
import { withLabels } from './labels';
import styles from './settings.module.css';

export function Labels({ torrent: t }: { torrent: Torrent }) {
  const id = useId();
  const [text, setText] = useState('');
  const counts = useCounts();
  const set = (labels: string[]): void => void act.patch([t.id], { labels });
  const others = Object.keys(counts.label).filter((l) => !t.labels.includes(l));
  const add = (): void => {
    if (text.trim() !== '') {
      set(withLabels(t.labels, text));
      setText('');
    }
  };
  return (
    <section className={styles.group}>
      <h3>Labels</h3>
      {t.labels.length > 0 && (
        <ul className={styles.labels}>
          {t.labels.map((l) => (
            <li key={l}>
              <bdi>{plain(l)}</bdi>
              <button type="button" aria-label={`Take off the label ${l}`} onClick={() => set(t.labels.filter((x) => x !== l))}>
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <form
        className={styles.add}
        onSubmit={(e) => {
          e.preventDefault();
          add();
        }}
      >
        <label htmlFor={id} className={styles.hidden}>
          New label
        </label>
        <input id={id} list={`${id}-all`} value={text} placeholder="new label" autoComplete="off" onChange={(e) => setText(e.target.value)} />
        <datalist id={`${id}-all`}>
          {others.map((l) => (
            <option key={l} value={l} />
          ))}
        </datalist>
        <Button type="submit" disabled={text.trim() === ''}>
          Add
        </Button>
      </form>
    </section>
  );
}
