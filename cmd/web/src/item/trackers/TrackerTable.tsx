import { count, when } from '../../ui/format';
import { plain } from '../../ui/sanitise';
import { moment } from '../moment';
import type { Tracker } from '../../api/types';
import styles from './trackers.module.css';

const words: Readonly<Record<Tracker['state'], string>> = { idle: 'not asked yet', queued: 'waits for its turn', announcing: 'asking…', ok: 'works', failed: 'failed' };

interface Props {
  trackers: readonly Tracker[];
  isPrivate: boolean;
  /** By the daemon's clock, in milliseconds. */
  now: number;
}

export function TrackerTable({ trackers, isPrivate, now }: Props) {
  if (trackers.length === 0) {
    return <p className={styles.none}>{isPrivate ? 'It is private and has no tracker: nobody can be found.' : 'None. Peers are found by the DHT, by other peers, and in the local network.'}</p>;
  }
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Tracker</th>
            <th scope="col">State</th>
            <th scope="col" className={styles.number}>
              Seeders
            </th>
            <th scope="col" className={styles.number}>
              Leechers
            </th>
            <th scope="col" className={styles.number} title="Addresses in the last answer">
              Peers
            </th>
            <th scope="col">Last answer</th>
            <th scope="col">Next</th>
            <th scope="col" className={styles.number}>
              Tier
            </th>
          </tr>
        </thead>
        <tbody>
          {trackers.map((t) => (
            <Row key={`${t.tier} ${t.url}`} tracker={t} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ tracker: t, now }: { tracker: Tracker; now: number }) {
  return (
    <tr>
      <td className={styles.url}>
        <bdi>{plain(t.url)}</bdi>
        {t.error !== '' && <p className={styles.error}>{plain(t.error)}</p>}
      </td>
      <td>
        <span className={styles.state} data-state={t.state}>
          {words[t.state]}
        </span>
      </td>
      <td className={styles.number} data-label="Seeders" data-none={t.seeders === null || undefined}>
        {number(t.seeders)}
      </td>
      <td className={styles.number} data-label="Leechers" data-none={t.leechers === null || undefined}>
        {number(t.leechers)}
      </td>
      <td className={styles.number} data-label="Peers" data-none={t.last === null || undefined}>
        {t.last === null ? '–' : count(t.peers)}
      </td>
      <td data-label="Last answer" data-none={t.last === null || undefined}>
        {time(t.last, now)}
      </td>
      <td data-label="Next" data-none={t.next === null || undefined}>
        {time(t.next, now)}
      </td>
      <td className={styles.number} data-label="Tier">
        {t.tier + 1}
      </td>
    </tr>
  );
}

function number(n: number | null): string {
  return n === null ? '–' : count(n);
}

function time(at: string | null, now: number) {
  if (at === null) {
    return '–';
  }
  return (
    <time dateTime={at} title={when(at)}>
      {moment(Date.parse(at), now)}
    </time>
  );
}
