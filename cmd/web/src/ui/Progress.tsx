import { percent } from './format';
import styles from './Progress.module.css';

export type Tone = 'accent' | 'good' | 'info' | 'warn' | 'bad' | 'idle';

/** Progress is a bar; value is from 0 to 1. label: what of, for those who do not see it. */
export function Progress({ value, tone = 'accent', label }: { value: number; tone?: Tone; label: string }) {
  const x = Math.min(Math.max(value, 0), 1);
  return (
    <div className={styles.track} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.floor(x * 100)} aria-valuetext={percent(x)}>
      <div className={`${styles.fill ?? ''} ${tone === 'accent' ? '' : (styles[tone] ?? '')}`} style={{ transform: `scaleX(${x})` }} />
    </div>
  );
}
