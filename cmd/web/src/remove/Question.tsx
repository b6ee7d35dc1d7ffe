import { useQuery } from '@tanstack/react-query';
import { api, must } from '../api/client';
import { explain } from '../api/problem';
import type { Row } from '../store/rows';
import { Check } from '../ui/Field';
import { bytes, count } from '../ui/format';
import { Name } from '../ui/Name';
import { lossesOf, lossText } from './losses';
import styles from './Remove.module.css';

/** Lines that are shown; who has more sees how many. */
const lines = 200;

interface Props {
  torrents: readonly Row[];
  data: boolean;
  busy: boolean;
  onData: (on: boolean) => void;
}

/** Question says what would go. */
export function Question({ torrents, data, busy, onData }: Props) {
  const [only] = torrents;
  const loss = lossesOf(torrents);
  if (!only) return <p>These torrents are gone already.</p>;
  return (
    <div className={styles.question}>
      {torrents.length === 1 && (
        <p className={styles.name}>
          <Name>{only.name}</Name>
        </p>
      )}
      <Check
        label={
          <span>
            Delete the files, too <kbd className={styles.key}>d</kbd>
          </span>
        }
        checked={data}
        disabled={busy}
        onChange={(e) => onData(e.target.checked)}
      />
      <p className={data ? styles.bad : styles.muted} aria-live="polite">
        {data ? `This deletes ${lossText(loss)}. It cannot be undone.` : loss.bytes > 0 ? `The files stay on the disk: ${lossText(loss)}.` : 'Nothing of it is verified on the disk yet; what there is stays.'}
      </p>
      {torrents.length === 1 ? <FilesOf torrent={only} /> : <Torrents torrents={torrents} />}
      {loss.owing > 0 && (
        <p className={styles.muted}>{torrents.length === 1 ? 'Less was uploaded than downloaded: others may still need it.' : `Of ${count(loss.owing)}, less was uploaded than downloaded: others may still need them.`}</p>
      )}
    </div>
  );
}

function FilesOf({ torrent: t }: { torrent: Row }) {
  const { data, error } = useQuery({
    queryKey: ['remove', t.id],
    queryFn: async ({ signal }) => must(await api.GET('/torrents/{id}/files', { params: { path: { id: t.id }, query: { limit: lines } }, signal })),
    staleTime: 0,
    gcTime: 0,
  });
  if (t.state === 'metadata') return <p className={styles.muted}>Nobody has told yet what is inside: there are no files.</p>;
  if (error) return <p className={styles.bad}>Which files these are cannot be shown. {explain(error).title}</p>;
  return (
    <>
      <p className={styles.path}>
        <Name>{t.path}</Name>
      </p>
      <ul className={styles.list} aria-label="Files">
        {data?.items.map((f) => (
          <li key={f.index}>
            <Name className={styles.cut}>{f.path}</Name>
            <span className={styles.size}>{f.verified === f.length ? bytes(f.length) : `${bytes(f.verified)} of ${bytes(f.length)}`}</span>
          </li>
        ))}
        {data && data.total > data.items.length && <li className={styles.muted}>and {count(data.total - data.items.length)} more</li>}
      </ul>
    </>
  );
}

function Torrents({ torrents }: { torrents: readonly Row[] }) {
  return (
    <ul className={styles.list} aria-label="Torrents">
      {torrents.slice(0, lines).map((t) => (
        <li key={t.id}>
          <Name className={styles.cut}>{t.name}</Name>
          <span className={styles.size}>
            {t.files === 1 ? 'one file' : `${count(t.files)} files`}, {bytes(t.verified)}
          </span>
        </li>
      ))}
      {torrents.length > lines && <li className={styles.muted}>and {count(torrents.length - lines)} more</li>}
    </ul>
  );
}
