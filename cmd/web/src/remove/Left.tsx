import { Name } from '../ui/Name';
import styles from './Remove.module.css';
import { reportText, type Report } from './removal';

/** Left says what was not deleted, and why. */
export function Left({ report }: { report: Report }) {
  return (
    <div className={styles.question}>
      <p>{reportText(report)}</p>
      <p className={styles.muted}>The torrent is out of the list. These paths stay: they are not of this torrent, another torrent has them, or the daemon may not delete them.</p>
      {report.left.map((l, i) => (
        <section key={i} aria-label="What was left">
          {report.left.length > 1 && (
            <h3>
              <Name>{l.name}</Name>
            </h3>
          )}
          <ul className={styles.list}>
            {l.paths.map((p) => (
              <li key={p}>
                <Name className={styles.whole}>{p}</Name>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
