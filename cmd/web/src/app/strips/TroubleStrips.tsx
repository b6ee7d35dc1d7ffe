import { useMemo } from 'react';
import { rows } from '../../store/rows';
import { useStats } from '../../store/stats';
import { everything, viewToHash } from '../../store/view';
import { bytes } from '../../ui/format';
import { Name } from '../../ui/Name';
import { plain } from '../../ui/sanitise';
import { Strip } from '../../ui/Strip';
import { href } from '../route';
import { troublesOf, type Trouble, type Wish } from './troubles';
import styles from './Strips.module.css';

/** TroubleStrips stay until what they say is mended. */
export function TroubleStrips() {
  const stats = useStats();
  // Figures come each second while something moves: often enough to look at all rows.
  const troubles = useMemo(() => (stats ? troublesOf(stats, wishesNow()) : []), [stats]);
  return troubles.map((t) => <One key={t.kind + ('dir' in t ? t.dir : '')} trouble={t} />);
}

/** What the torrents want of the disks. */
function wishesNow(): Wish[] {
  const out: Wish[] = [];
  for (const id of rows.ids(everything)) {
    const t = rows.get(id);
    if (t && t.wanted > t.verified) out.push({ dir: t.dir, state: t.state, code: t.error?.code ?? '', left: t.wanted - t.verified });
  }
  return out;
}

function One({ trouble: t }: { trouble: Trouble }) {
  switch (t.kind) {
    case 'unwritable':
      return (
        <Strip kind="bad">
          The daemon cannot keep its state, so it takes no changes: {plain(t.why)}. Make room where its state folder is, or let it write there; it goes on by itself.
        </Strip>
      );
    case 'away':
      return (
        <Strip kind="bad" actions={<Show dir={t.dir}>Show its torrents</Show>}>
          The folder <Name className={styles.path}>{t.dir}</Name> cannot be reached. Is its disk connected and mounted?
        </Strip>
      );
    case 'full':
      return (
        <Strip kind="bad" actions={<Show dir={t.dir}>Show the largest</Show>}>
          The disk of <Name className={styles.path}>{t.dir}</Name> is full: {bytes(t.free)} free
          {t.need > 0 && `, ${bytes(t.need)} still to come. Free ${bytes(Math.max(0, t.need - t.free))}, or move torrents elsewhere; what waits goes on by itself`}.
        </Strip>
      );
    case 'unreachable':
      return (
        <Strip kind="warn" actions={<a href={href({ name: 'settings', section: '' })}>Settings</a>}>
          Nobody outside can connect to port {t.port}: downloads find fewer peers. Forward it in the router, for TCP and UDP.
        </Strip>
      );
  }
}

/** Show leads to the torrents of a folder, the largest first. */
function Show({ dir, children }: { dir: string; children: string }) {
  const dirs = [...new Set(rows.ids(everything).map((id) => rows.get(id)?.dir ?? ''))].filter((d) => d === dir || d.startsWith(`${dir}/`));
  return <a href={href({ name: 'list' }, viewToHash({ ...everything, dirs: dirs.slice(0, 20), sort: [{ key: 'verified', desc: true }] }))}>{children}</a>;
}
