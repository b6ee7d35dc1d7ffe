import { plain } from '../../ui/sanitise';
import type { Torrent } from '../../api/types';
import { allFailed } from '../trackers/trouble';
import { Facts } from './Facts';
import { Links } from './Links';
import { SayingCard } from './SayingCard';
import { says } from './says';
import { useTrouble } from './useTrouble';
import { useAround } from './useAround';
import styles from './overview.module.css';

/** What a torrent does, why it waits, and all that is known of it. */
export default function Overview({ torrent }: { torrent: Torrent }) {
  const waits = torrent.state === 'stalled' || torrent.state === 'metadata' || torrent.state === 'failed';
  const trackers = useTrouble(torrent.id, waits);
  const around = useAround(torrent, allFailed(trackers.data));
  return (
    <div className={styles.overview}>
      <SayingCard torrent={torrent} saying={says(torrent, around)} trackers={waits ? trackers.data : undefined} />
      {torrent.warnings.length > 0 && (
        <section className={styles.warnings} aria-label="Warnings">
          <h3>Warnings</h3>
          <ul>
            {torrent.warnings.map((w, i) => (
              <li key={i}>{plain(w)}</li>
            ))}
          </ul>
        </section>
      )}
      <Facts torrent={torrent} />
      <Links torrent={torrent} />
    </div>
  );
}
