import { when } from '../../ui/format';
import { plain } from '../../ui/sanitise';
import type { Torrent, Tracker } from '../../api/types';
import { Remedies } from './Remedies';
import type { Saying } from './says';
import styles from './overview.module.css';

interface Props {
  torrent: Torrent;
  saying: Saying;
  /** What was asked, if it waits for somebody. */
  trackers: readonly Tracker[] | undefined;
}

/** The sentence, why, what was tried, and what helps. */
export function SayingCard({ torrent, saying, trackers }: Props) {
  const tried = trackers?.filter((t) => t.error !== '') ?? [];
  return (
    <section className={styles.saying} data-tone={saying.tone} aria-label="What it does">
      <p className={styles.does}>{saying.does}</p>
      {saying.why !== undefined && <p className={styles.why}>{plain(saying.why)}</p>}
      {torrent.error && (
        <p className={styles.detail}>
          <bdi>{plain(torrent.error.detail)}</bdi>
          {torrent.error.since !== null && <time dateTime={torrent.error.since}> · {when(torrent.error.since)}</time>}
        </p>
      )}
      <Remedies torrent={torrent} remedies={saying.remedies} />
      {tried.length > 0 && (
        <details className={styles.tried}>
          <summary>What was tried</summary>
          <ul>
            {tried.map((t, i) => (
              <li key={i}>
                <bdi>{plain(t.url)}</bdi>: {plain(t.error)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
