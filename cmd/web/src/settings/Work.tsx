import type { Settings } from '../api/types';
import { change } from './change';
import { readCount, readRatio, Row, TextRow, writeNumber } from './Row';
import row from './Row.module.css';
import { readSpan, writeSpan } from './units';

/** Queue is how much goes on at a time. */
export function Queue({ settings: { queue } }: { settings: Settings }) {
  return (
    <section aria-labelledby="queue">
      <h2 id="queue">Queue</h2>
      <TextRow label="Downloads at a time" hint="Those that move no byte for five minutes do not count; empty is no limit." knob={queue.max_downloads} read={readCount(1e6)} write={writeNumber} none="no limit"
        onChange={(v) => void change('Downloads at a time', { queue: { max_downloads: v } })} />
      <TextRow label="Seeds at a time" hint="Empty is no limit." knob={queue.max_seeds} read={readCount(1e6)} write={writeNumber} none="no limit"
        onChange={(v) => void change('Seeds at a time', { queue: { max_seeds: v } })} />
      <TextRow label="Checks at a time" hint="For each disk." knob={queue.max_checks} read={readCount(1000)} write={writeNumber} none="no limit"
        onChange={(v) => void change('Checks at a time', { queue: { max_checks: v } })} />
    </section>
  );
}

const modes = [
  { value: 'forever', label: 'For ever' },
  { value: 'limits', label: 'Until one of the limits below' },
  { value: 'never', label: 'Not at all' },
] as const;

/** Seeding is how long what is complete is given to others, where a torrent says nothing else. */
export function Seeding({ settings: { seed } }: { settings: Settings }) {
  return (
    <section aria-labelledby="seeding">
      <h2 id="seeding">Seeding</h2>
      <Row label="Seed" hint="A torrent can have goals of its own." knob={seed.mode} onReset={() => void change('Seeding', { seed: { mode: null } })}>
        {({ id, disabled, describedBy }) => (
          <select id={id} className={row.input} disabled={disabled} aria-describedby={describedBy} value={seed.mode.value}
            onChange={(e) => void change('Seeding', { seed: { mode: modes.find((m) => m.value === e.target.value)?.value ?? null } })}>
            {modes.map((m) => <option key={m.value} value={m.value}>{m.label}</option>)}
          </select>
        )}
      </Row>
      <TextRow label="Ratio" hint="Bytes given for each byte of the torrent, such as 1.5." knob={seed.ratio} read={readRatio} write={writeNumber} none="no limit"
        onChange={(v) => void change('Ratio', { seed: { ratio: v } })} />
      <TextRow label="Time" hint="From completion, such as 2 d or 90 m." knob={seed.time} read={readSpan} write={writeSpan} none="no limit"
        onChange={(v) => void change('Time of seeding', { seed: { time: v } })} />
      <TextRow label="Idle" hint="Without an upload, such as 12 h." knob={seed.idle} read={readSpan} write={writeSpan} none="no limit"
        onChange={(v) => void change('Idle time of seeding', { seed: { idle: v } })} />
    </section>
  );
}
