import { act } from '../../api/actions';
import { useSettings } from '../../store/settings';
import { ratio, span } from '../../ui/format';
import { Select } from '../../ui/Field';
import type { SeedGoal, Torrent } from '../../api/types';
import { readRatio, readSpan, spanToText } from './amount';
import { CommitField } from './CommitField';
import styles from './settings.module.css';

type Mode = SeedGoal['mode'];

const modes: readonly { value: Mode; label: string }[] = [
  { value: 'default', label: 'As the settings say' },
  { value: 'forever', label: 'Without end' },
  { value: 'never', label: 'Not at all' },
  { value: 'limits', label: 'Until a goal is reached' },
];

/** An empty field goes back to what the settings say. */
function orNull(read: (text: string) => number | undefined): (text: string) => number | null {
  return (text) => (text.trim() === '' ? null : (read(text) ?? null));
}

const checkRatio = (text: string): string => (text.trim() === '' || readRatio(text) !== undefined ? '' : 'A ratio is like 2 or 1.5; 0 is no limit.');
const checkSpan = (text: string): string => (text.trim() === '' || readSpan(text) !== undefined ? '' : 'A time is like 90 min, 12 h or 3 d; 0 is no limit.');

/** How long it is given to others once it is complete. */
export function Goal({ torrent: t }: { torrent: Torrent }) {
  const settings = useSettings();
  const set = (seed: Partial<SeedGoal>): void => void act.patch([t.id], { seed });
  const all = settings?.seed;
  const spanOf = (n: number | null): string => (n === null ? '' : spanToText(n));
  return (
    <section className={styles.group}>
      <h3>Seeding</h3>
      <Select label="When complete, seed" value={t.seed.mode} options={modes} onChange={(e) => set({ mode: e.target.value as Mode })} />
      {t.seed.mode === 'limits' && (
        <>
          <p className={styles.hint}>It ends at the first of these. What is empty is as the settings say.</p>
          <CommitField
            label="Ratio"
            value={t.seed.ratio === null ? '' : String(t.seed.ratio)}
            placeholder={all ? orNone(all.ratio.value, ratio) : ''}
            check={checkRatio}
            onCommit={(text) => set({ ratio: orNull(readRatio)(text) })}
          />
          <CommitField
            label="Time since it was complete"
            value={spanOf(t.seed.time)}
            placeholder={all ? orNone(all.time.value, span) : ''}
            check={checkSpan}
            onCommit={(text) => set({ time: orNull(readSpan)(text) })}
          />
          <CommitField
            label="Time without an upload"
            value={spanOf(t.seed.idle)}
            placeholder={all ? orNone(all.idle.value, span) : ''}
            check={checkSpan}
            onCommit={(text) => set({ idle: orNull(readSpan)(text) })}
          />
        </>
      )}
    </section>
  );
}

function orNone(n: number, write: (n: number) => string): string {
  return n > 0 ? write(n) : 'no limit';
}
