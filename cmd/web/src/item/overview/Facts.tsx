import { when } from '../../ui/format';
import { plain } from '../../ui/sanitise';
import type { Torrent } from '../../api/types';
import { factsOf, type Fact } from './facts';
import styles from './overview.module.css';

export function Facts({ torrent }: { torrent: Torrent }) {
  return (
    <div className={styles.groups}>
      {factsOf(torrent).map((g) => (
        <section key={g.title} className={styles.group}>
          <h3>{g.title}</h3>
          <dl>
            {g.facts.map((f) => (
              <div key={f.label} className={styles.fact}>
                <dt title={f.hint}>{f.label}</dt>
                <dd>
                  <Value fact={f} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}

function Value({ fact }: { fact: Fact }) {
  if (fact.at === undefined) {
    return <bdi>{plain(fact.text)}</bdi>;
  }
  return <time dateTime={fact.at}>{when(fact.at)}</time>;
}
