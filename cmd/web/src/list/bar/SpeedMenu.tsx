import { useId, useRef, useState, type CSSProperties } from 'react';
import type { Settings, Stats } from '../../api/types';
import { href } from '../../app/route';
import { serverNow } from '../../store/link';
import { Button } from '../../ui/Button';
import { rate, when } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { parseRate, rateText } from '../../ui/rates';
import { limitSource, type LimitSource } from '../limits';
import { RateField } from '../RateField';
import css from './bar.module.css';
import { setOverride, spans } from './override';

interface Props {
  stats: Stats;
  settings: Settings;
  can: boolean;
}

/** Which limits hold and why; for those who may, a panel to have others for a while. */
export function SpeedMenu({ stats, settings, can }: Props) {
  const panel = useRef<HTMLDivElement>(null);
  const id = useId();
  const source = limitSource(settings, stats.limits, serverNow());
  const text = limitText(stats.limits, source);
  if (!can) {
    return (
      <span className={css.item}>
        <Icon name="limit" size={14} /> {text}
      </span>
    );
  }
  const anchor = { '--anchor': `--a${id.replace(/\W/g, '')}` } as CSSProperties;
  return (
    <>
      <button
        type="button"
        className={css.speed}
        data-on={source === 'override' || undefined}
        style={anchor}
        popoverTarget={id}
        aria-label={`Speed limits: ${text}`}
      >
        <Icon name="limit" size={14} /> {text}
      </button>
      <div ref={panel} id={id} popover="auto" className={css.panel} style={anchor} role="dialog" aria-label="Speed for a while">
        <SpeedForm key={source} stats={stats} settings={settings} source={source} onDone={() => panel.current?.hidePopover()} />
      </div>
    </>
  );
}

const reasons: Readonly<Record<LimitSource, string>> = {
  none: 'No limit',
  always: 'Limit',
  schedule: 'Schedule',
  override: 'For a while',
};

function limitText({ max_down, max_up }: Stats['limits'], source: LimitSource): string {
  const one = (mark: string, n: number): string => `${mark} ${n === 0 ? '∞' : rate(n)}`;
  const limits = max_down === 0 && max_up === 0 ? '' : `${one('↓', max_down)} ${one('↑', max_up)}`;
  if (source === 'none') return reasons.none;
  return `${reasons[source]}${limits === '' ? ', no limit' : ` ${limits}`}`;
}

function SpeedForm({ stats, settings, source, onDone }: Omit<Props, 'can'> & { source: LimitSource; onDone: () => void }) {
  const override = settings.override.value;
  const [down, setDown] = useState(() => rateText(stats.limits.max_down));
  const [up, setUp] = useState(() => rateText(stats.limits.max_up));
  const max_down = parseRate(down);
  const max_up = parseRate(up);
  const wrong = max_down === null || max_up === null;
  const hold = (seconds: number): void => {
    if (wrong) return;
    void setOverride({ max_down, max_up, seconds });
    onDone();
  };
  const end = (): void => {
    void setOverride(null);
    onDone();
  };
  if (settings.override.fixed) return <p className={css.hint}>Limits are fixed by {settings.override.from}.</p>;
  return (
    <form
      className={css.form}
      onSubmit={(e) => {
        e.preventDefault();
        hold(spans[1].seconds);
      }}
    >
      <p className={css.title}>Other limits for a while</p>
      <div className={css.two}>
        <RateField label="Download" value={down} onChange={setDown} />
        <RateField label="Upload" value={up} onChange={setUp} />
      </div>
      <div className={css.spans} role="group" aria-label="For how long">
        {spans.map((s) => (
          <Button key={s.seconds} disabled={wrong} onClick={() => hold(s.seconds)}>
            {s.text}
          </Button>
        ))}
      </div>
      {source === 'override' && override !== null && (
        <div className={css.until}>
          <span>Until {when(override.until)}</span>
          <Button onClick={end}>End now</Button>
        </div>
      )}
      <p className={css.hint}>
        They pass the schedule. <a href={href({ name: 'settings', section: 'limits' })}>Limits that stay</a>
      </p>
    </form>
  );
}
