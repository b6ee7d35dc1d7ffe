import { count } from '../../ui/format';
import type { Bucket } from '../../api/types';
import type { View } from './paint';
import { stretches } from './twin';
import styles from './pieces.module.css';

/** A table longer than this tells nobody anything. */
const most = 200;

/** The picture in words: a few sentences, and a table for who wants to know. */
export function Twin({ lines, buckets, view }: { lines: readonly string[]; buckets: readonly Bucket[]; view: View }) {
  return (
    <div className={styles.twin}>
      <p>{lines.join(' ')}</p>
      <details>
        <summary>As a table</summary>
        <Table buckets={buckets} view={view} />
      </details>
    </div>
  );
}

function Table({ buckets, view }: { buckets: readonly Bucket[]; view: View }) {
  const { rows, more } = stretches(buckets, view, most);
  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">Pieces</th>
            <th scope="col">State</th>
            <th scope="col">Peers that have the rarest</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.first}>
              <td>{r.first === r.last ? count(r.first) : `${count(r.first)}–${count(r.last)}`}</td>
              <td>{r.state}</td>
              <td>{count(r.least)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p>And {count(more)} more stretches.</p>}
    </>
  );
}
