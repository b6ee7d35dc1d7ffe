import { href } from '../app/route';
import { useCan } from '../store/link';
import { useSettings } from '../store/settings';
import type { View } from '../store/view';
import { Button } from '../ui/Button';
import { plain } from '../ui/sanitise';
import { Chips } from './Chips';
import { unfiltered } from './filters';
import css from './nothing.module.css';

/** Nothing in the list fits: which filters are on, and a click to leave each. */
export function NothingMatches({ view, onView }: { view: View; onView: (v: View) => void }) {
  return (
    <div className={css.nothing}>
      <h2>Nothing matches</h2>
      <p>No torrent fits all of these. Leave one:</p>
      <Chips view={view} onView={onView} />
      <Button onClick={() => onView(unfiltered(view))}>Show all</Button>
    </div>
  );
}

/** There is no torrent at all: the ways to have one. */
export function NoTorrents() {
  const can = useCan();
  const watch = useSettings()?.watch.value ?? [];
  if (!can) {
    return (
      <div className={css.nothing}>
        <h2>No torrents yet</h2>
        <p>This sign-in may look only; somebody with the full token adds them.</p>
      </div>
    );
  }
  return (
    <div className={css.nothing}>
      <h2>No torrents yet</h2>
      <p>Drop .torrent files, magnet links or addresses anywhere here, or paste them.</p>
      <a className={css.add} href={href({ name: 'add' })}>
        Add a torrent <kbd>a</kbd>
      </a>
      <dl className={css.ways}>
        <dt>At the command line</dt>
        <dd>
          <code>gotor ctl add FILE.torrent</code>
        </dd>
        <dd>
          <code>gotor ctl add &apos;magnet:?xt=…&apos;</code>
        </dd>
        <dt>{watch.length === 0 ? 'By itself' : 'Put into a watched folder'}</dt>
        {watch.length === 0 ? (
          <dd>
            Start with <code>gotor serve --watch FOLDER</code>: what is put there is added.
          </dd>
        ) : (
          watch.map((w) => (
            <dd key={w.path}>
              <code>{plain(w.path)}</code>
            </dd>
          ))
        )}
      </dl>
    </div>
  );
}
