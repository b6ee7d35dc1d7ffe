import { useState } from 'react';
import type { Settings } from '../api/types';
import { useCan } from '../store/link';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import { change } from './change';
import { originOf } from './origin';
import styles from './SettingsScreen.module.css';
import { parseRate, rateText } from '../ui/rates';
import { palette, slotsOf, weekOf, type Cell, type Week } from './week';
import WeekGrid, { sayLimit } from './WeekGrid';

/** Schedule are limits at times of the week, painted on a grid. */
export default function Schedule({ settings }: { settings: Settings }) {
  const can = useCan();
  const knob = settings.schedule;
  const { week, exact } = weekOf(knob.value);
  const [brush, setBrush] = useState<Cell>({ max_down: 2 ** 20, max_up: 2 ** 18 });
  const disabled = !can || knob.fixed || !exact;
  const put = (w: Week) => void change('Schedule', { schedule: slotsOf(w) });
  const known = palette(week);
  return (
    <section aria-labelledby="schedule">
      <h2 id="schedule">Schedule</h2>
      <p className={styles.about}>
        Other limits at times of the week, in the local time of the daemon.{!disabled && ' Choose limits below, then drag over the grid; or use the arrow keys, shift to reach further, and space to paint.'} {originOf(knob)}
      </p>
      {!exact && <p className={styles.wrong}>Some slots do not begin or end at half hours: they are listed below, and can be changed with <code>gotor ctl settings schedule=…</code></p>}
      <WeekGrid week={week} brush={brush} disabled={disabled} onPaint={put} />
      {exact ? !disabled && <Brush brush={brush} known={known} onBrush={setBrush} onClear={known.length > 0 ? () => void change('Schedule', { schedule: [] }) : undefined} /> : (
        <ul className={styles.list}>
          {knob.value.map((s, i) => <li key={i}>{s.days || 'every day'} {s.from}–{s.to}: {sayLimit(s)}</li>)}
        </ul>
      )}
    </section>
  );
}

interface BrushProps { brush: Cell; known: Cell[]; onBrush: (c: Cell) => void; onClear: (() => void) | undefined }

/** Brush chooses what is painted with. */
function Brush({ brush, known, onBrush, onClear }: BrushProps) {
  const [down, setDown] = useState(rateText(brush?.max_down ?? 0));
  const [up, setUp] = useState(rateText(brush?.max_up ?? 0));
  const pick = (c: Cell) => {
    onBrush(c);
    if (c) { setDown(rateText(c.max_down)); setUp(rateText(c.max_up)); }
  };
  const type = (d: string, u: string) => {
    setDown(d);
    setUp(u);
    const [a, b] = [parseRate(d), parseRate(u)];
    if (a !== null && b !== null) onBrush({ max_down: a, max_up: b });
  };
  const wrong = (text: string) => (parseRate(text) === null ? 'Such as 5 MiB/s or 500 KiB/s' : undefined);
  return (
    <div className={styles.brush}>
      <Field label="Download in the painted hours" value={down} placeholder="no limit" onChange={(e) => type(e.target.value, up)} error={wrong(down)} />
      <Field label="Upload in the painted hours" value={up} placeholder="no limit" onChange={(e) => type(down, e.target.value)} error={wrong(up)} />
      <div className={styles.choices} role="group" aria-label="Paint with">
        {[null, ...known].map((c) => (
          <Button key={sayLimit(c)} aria-pressed={sayLimit(c) === sayLimit(brush)} onClick={() => pick(c)}>{c === null ? 'Erase' : sayLimit(c)}</Button>
        ))}
        {onClear && <Button look="danger" onClick={onClear}>Clear the week</Button>}
      </div>
    </div>
  );
}
