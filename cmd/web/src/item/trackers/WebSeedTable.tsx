import { bytes } from '../../ui/format';
import { plain } from '../../ui/sanitise';
import type { WebSeed } from '../../api/types';
import styles from './trackers.module.css';

export function WebSeedTable({ seeds }: { seeds: readonly WebSeed[] }) {
  if (seeds.length === 0) {
    return <p className={styles.none}>None. A web seed is a server that has the same files.</p>;
  }
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Address</th>
            <th scope="col">State</th>
            <th scope="col" className={styles.number}>
              Downloaded
            </th>
          </tr>
        </thead>
        <tbody>
          {seeds.map((s) => (
            <tr key={s.url}>
              <td className={styles.url}>
                <bdi>{plain(s.url)}</bdi>
                {s.error !== undefined && s.error !== '' && <p className={styles.error}>{plain(s.error)}</p>}
              </td>
              <td>
                <span className={styles.state} data-state={s.state}>
                  {s.state}
                </span>
              </td>
              <td className={styles.number} data-label="Downloaded">{bytes(s.downloaded)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
