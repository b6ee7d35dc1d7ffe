import type { Settings } from '../api/types';
import { serverNow, useCan } from '../store/link';
import { Button } from '../ui/Button';
import { when } from '../ui/format';
import { change } from './change';
import { TextRow } from './Row';
import styles from './SettingsScreen.module.css';
import { parseRate, rateText } from '../ui/rates';
import { sayLimit } from './WeekGrid';

const rateHint = 'Such as 5 MiB/s, 500 KiB/s or 10 Mbit; empty is no limit.';

/** Limits are those of all torrents together, and how to pass them for a while. */
export default function Limits({ settings }: { settings: Settings }) {
  return (
    <section aria-labelledby="limits">
      <h2 id="limits">Limits</h2>
      <TextRow label="Download" hint={rateHint} knob={settings.max_down} read={parseRate} write={rateText} none="no limit" onChange={(v) => void change('Download limit', { max_down: v })} />
      <TextRow label="Upload" hint={rateHint} knob={settings.max_up} read={parseRate} write={rateText} none="no limit" onChange={(v) => void change('Upload limit', { max_up: v })} />
      <Override settings={settings} />
    </section>
  );
}

const spans = [{ label: '1 hour', hours: 1 }, { label: '4 hours', hours: 4 }, { label: 'a day', hours: 24 }];
const slow = { max_down: 2 ** 20, max_up: 256 * 2 ** 10 };

/** Override passes limits and schedule until a moment. */
function Override({ settings }: { settings: Settings }) {
  const can = useCan();
  const o = settings.override.value;
  const pass = (limit: { max_down: number; max_up: number }, hours: number) =>
    void change('Limits for a while', { override: { ...limit, until: new Date(serverNow() + hours * 3_600_000).toISOString() } });
  if (o) {
    return (
      <p className={styles.line}>
        Until {when(o.until)}: {sayLimit(o)}, whatever the schedule says.{' '}
        {can && !settings.override.fixed && <Button onClick={() => void change('Limits for a while', { override: null })}>End it now</Button>}
      </p>
    );
  }
  if (!can || settings.override.fixed) return null;
  return (
    <div className={styles.line}>
      {([['No limits for', { max_down: 0, max_up: 0 }], [`Slow (${sayLimit(slow)}) for`, slow]] as const).map(([text, limit]) => (
        <p key={text} className={styles.choices}>
          {text} {spans.map((s) => <Button key={s.hours} onClick={() => pass(limit, s.hours)} aria-label={`${text} ${s.label}`}>{s.label}</Button>)}
        </p>
      ))}
    </div>
  );
}
