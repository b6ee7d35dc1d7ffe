import { useCan, useLink } from '../../store/link';
import { useSettings } from '../../store/settings';
import { useStats } from '../../store/stats';
import { bytes, count, rate } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { plain } from '../../ui/sanitise';
import css from './bar.module.css';
import { linkFacts, reach, rooms } from './facts';
import { Sparkline } from './Sparkline';
import { SpeedMenu } from './SpeedMenu';

/** The bar below the list: how fast, under which limits, how much room, and who can be reached. */
export function StatusBar() {
  const stats = useStats();
  const settings = useSettings();
  const link = useLink();
  const can = useCan();
  const state = linkFacts(link.state);
  return (
    <footer className={css.bar} aria-label="Status">
      {stats && (
        <>
          <span className={css.rates}>
            <span className={css.down}>
              <span aria-hidden="true">↓</span> <span className={css.figure}>{rate(stats.down_rate) || '0 B/s'}</span>
              <span className={css.hidden}> down</span>
            </span>
            <span className={css.up}>
              <span aria-hidden="true">↑</span> <span className={css.figure}>{rate(stats.up_rate) || '0 B/s'}</span>
              <span className={css.hidden}> up</span>
            </span>
          </span>
          <Sparkline />
          {settings && <SpeedMenu stats={stats} settings={settings} can={can} />}
          <span className={css.gap} />
          <Space rooms={rooms(stats.disks, settings)} />
          {stats.dht_nodes !== null && (
            <span className={css.item} title="Nodes of the distributed hash table that we know">
              <Icon name="globe" size={14} /> {count(stats.dht_nodes)} DHT
            </span>
          )}
          <Mood {...reach(stats)} />
        </>
      )}
      {!stats && <span className={css.gap} />}
      <Mood mood={state.mood} text={state.text} detail={link.version === '' ? '' : `gotor ${link.version}`} />
    </footer>
  );
}

function Space({ rooms: all }: { rooms: ReturnType<typeof rooms> }) {
  const [first] = all;
  if (first === undefined) return null;
  const detail = all.map((r) => `${r.dir}: ${r.free === null ? 'unknown' : bytes(r.free)} free`).join('\n');
  const shown = all.find((r) => r.low) ?? first;
  return (
    <span className={css.item} data-mood={shown.low ? 'bad' : undefined} title={detail}>
      <Icon name="disk" size={14} /> {shown === first ? '' : `${plain(shown.dir)}: `}
      {shown.free === null ? 'unknown' : bytes(shown.free)} free
    </span>
  );
}

function Mood({ mood, text, detail }: { mood: string; text: string; detail: string }) {
  return (
    <span className={css.item} data-mood={mood} title={detail}>
      <span className={css.dot} aria-hidden="true" /> {text}
    </span>
  );
}
