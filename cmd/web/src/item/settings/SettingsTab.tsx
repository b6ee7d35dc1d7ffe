import { useCan } from '../../store/link';
import type { Torrent } from '../../api/types';
import { Goal } from './Goal';
import { Labels } from './Labels';
import { Limits } from './Limits';
import { Place } from './Place';
import { ReadOnly } from './ReadOnly';
import { Shown } from './Shown';
import { Turn } from './Turn';
import styles from './settings.module.css';

/** What can be set of one torrent. Each takes effect by itself. */
export default function SettingsTab({ torrent }: { torrent: Torrent }) {
  if (!useCan()) {
    return <ReadOnly torrent={torrent} />;
  }
  return (
    <div className={styles.tab}>
      <Limits torrent={torrent} />
      <Turn torrent={torrent} />
      <Goal torrent={torrent} />
      <Labels torrent={torrent} />
      <Place torrent={torrent} />
      <Shown torrent={torrent} />
    </div>
  );
}
