import { act } from '../../api/actions';
import { parseRate, rateText } from '../../ui/rates';
import type { Torrent } from '../../api/types';
import { CommitField } from './CommitField';
import styles from './settings.module.css';

const check = (text: string): string => (parseRate(text) === null ? 'A rate is like 500 KiB or 1.5 MiB; empty is no limit.' : '');

export function Limits({ torrent: t }: { torrent: Torrent }) {
  const set = (limits: { max_down?: number; max_up?: number }): void => void act.patch([t.id], { limits });
  return (
    <section className={styles.group}>
      <h3>Limits</h3>
      <CommitField label="Download" value={rateText(t.limits.max_down)} placeholder="no limit of its own" check={check} onCommit={(text) => set({ max_down: parseRate(text) ?? 0 })} />
      <CommitField label="Upload" value={rateText(t.limits.max_up)} placeholder="no limit of its own" check={check} onCommit={(text) => set({ max_up: parseRate(text) ?? 0 })} />
    </section>
  );
}
