import { rate, ratio, span } from '../../ui/format';
import { plain } from '../../ui/sanitise';
import type { Torrent } from '../../api/types';
import styles from './settings.module.css';

/** The settings of a torrent for who may only look. */
export function ReadOnly({ torrent: t }: { torrent: Torrent }) {
  const lines: [string, string][] = [
    ['Download limit', limit(t.limits.max_down)],
    ['Upload limit', limit(t.limits.max_up)],
    ['Pieces in their order', t.sequential ? 'yes' : 'no'],
    ['Seeding', goal(t)],
    ['Labels', t.labels.length > 0 ? t.labels.join(', ') : 'none'],
    ['Folder', t.dir],
  ];
  return (
    <dl className={styles.lines}>
      {lines.map(([label, text]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            <bdi>{plain(text)}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function limit(n: number): string {
  return n > 0 ? rate(n) : 'none of its own';
}

function goal({ seed }: Torrent): string {
  switch (seed.mode) {
    case 'default':
      return 'as the settings say';
    case 'forever':
      return 'without end';
    case 'never':
      return 'not at all';
    case 'limits':
      return [seed.ratio === null ? '' : `ratio ${ratio(seed.ratio)}`, seed.time === null ? '' : span(seed.time), seed.idle === null ? '' : `${span(seed.idle)} without an upload`].filter((s) => s !== '').join(', ') || 'until a goal of the settings is reached';
  }
}
