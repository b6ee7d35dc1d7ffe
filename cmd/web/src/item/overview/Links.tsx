import { plain } from '../../ui/sanitise';
import { CopyButton } from '../CopyButton';
import type { Torrent } from '../../api/types';
import styles from './overview.module.css';

/** What one takes along: where the data is, hashes, the link. */
export function Links({ torrent: t }: { torrent: Torrent }) {
  const lines = [
    { label: 'Folder', text: t.path === '' ? t.dir : t.path, what: 'path' },
    { label: t.id.length === 64 ? 'Info-hash v2' : 'Info-hash', text: t.id, what: 'info-hash' },
    ...(t.id_v2 !== null && t.id_v2 !== t.id ? [{ label: 'Info-hash v2', text: t.id_v2, what: 'info-hash v2' }] : []),
    { label: 'Magnet link', text: t.magnet, what: 'magnet link' },
  ];
  return (
    <section className={styles.group}>
      <h3>Where and what</h3>
      <dl>
        {lines.map((l) => (
          <div key={l.label} className={styles.line}>
            <dt>{l.label}</dt>
            <dd>
              <code>{plain(l.text)}</code>
              <CopyButton text={l.text} what={l.what} />
            </dd>
          </div>
        ))}
        {t.comment !== '' && (
          <div className={styles.line}>
            <dt>Comment</dt>
            <dd className={styles.comment}>{plain(t.comment)}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}
