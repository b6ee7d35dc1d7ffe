import { act } from '../../api/actions';
import { Button } from '../../ui/Button';
import { Check } from '../../ui/Field';
import { count } from '../../ui/format';
import type { Torrent } from '../../api/types';
import styles from './settings.module.css';

/** Beyond any queue: the last place. */
const last = 1_000_000;

/** When it has its turn, and in which order its pieces come. */
export function Turn({ torrent: t }: { torrent: Torrent }) {
  const place = (queue: number): void => void act.patch([t.id], { queue });
  return (
    <section className={styles.group}>
      <h3>Order</h3>
      <Check label="Pieces in their order" checked={t.sequential} onChange={(e) => void act.patch([t.id], { sequential: e.target.checked })} />
      <p className={styles.hint}>To watch or listen while it downloads. Others get rare pieces later.</p>
      {t.queue !== null && (
        <div className={styles.place}>
          <p>Place {count(t.queue + 1)} in line</p>
          <Button disabled={t.queue === 0} onClick={() => place(0)}>
            First
          </Button>
          <Button disabled={t.queue === 0} onClick={() => place((t.queue ?? 1) - 1)}>
            Up
          </Button>
          <Button onClick={() => place((t.queue ?? 0) + 1)}>Down</Button>
          <Button onClick={() => place(last)}>Last</Button>
        </div>
      )}
    </section>
  );
}
