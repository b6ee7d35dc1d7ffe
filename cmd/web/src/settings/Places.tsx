import type { Settings } from '../api/types';
import { useStats } from '../store/stats';
import { bytes } from '../ui/format';
import { Name } from '../ui/Name';
import { Shown } from './Row';
import styles from './SettingsScreen.module.css';

/** Folders are where data may go, and what is watched. */
export function Folders({ settings }: { settings: Settings }) {
  const disks = useStats()?.disks ?? [];
  const free = (dir: string) => disks.find((d) => d.dir === dir)?.free;
  return (
    <section aria-labelledby="folders">
      <h2 id="folders">Folders</h2>
      <Shown label="New torrents go to" knob={settings.dir}><code><Name>{settings.dir.value}</Name></code></Shown>
      <Shown label="Allowed folders" hint="Nothing is written, moved or deleted outside of them." knob={settings.roots}>
        <ul className={styles.list}>
          {settings.roots.value.map((r) => {
            const left = free(r);
            return <li key={r}><code><Name>{r}</Name></code>{left !== null && left !== undefined && <span className={styles.muted}> {bytes(left)} free</span>}</li>;
          })}
        </ul>
      </Shown>
      <Shown label="Watched folders" hint="What is put there is added by itself." knob={settings.watch}>
        {settings.watch.value.length === 0 ? <span className={styles.muted}>none; <code>gotor serve --watch DIR</code> has one</span> : (
          <ul className={styles.list}>
            {settings.watch.value.map((w) => (
              <li key={w.path}><code><Name>{w.path}</Name></code> <span className={styles.muted}>{[w.labels.join(', '), w.dir && `to ${w.dir}`, w.paused && 'paused', w.delete && 'taken files are deleted'].filter(Boolean).join(' · ')}</span></li>
            ))}
          </ul>
        )}
      </Shown>
    </section>
  );
}

const on = (b: boolean) => (b ? 'on' : 'off');

/** Network is how peers are found and reached; flags say so at the start. */
export function Network({ settings: s }: { settings: Settings }) {
  const stats = useStats();
  return (
    <section aria-labelledby="network">
      <h2 id="network">Network</h2>
      <p className={styles.about}>These are set by flags of <code>gotor serve</code>.</p>
      <Shown label="Port" knob={s.port} hint={reach(stats?.reachable)}>{s.port.value > 0 ? s.port.value : 'none'}{stats?.external && <span className={styles.muted}> at {stats.external}</span>}</Shown>
      <Shown label="Connections at most" knob={s.max_peers}>{s.max_peers.value}</Shown>
      <Shown label="DHT" knob={s.dht} hint={stats?.dht_nodes !== null && stats?.dht_nodes !== undefined ? `${stats.dht_nodes} nodes` : undefined}>{on(s.dht.value)}</Shown>
      <Shown label="Peers of the local network" knob={s.lsd}>{on(s.lsd.value)}</Shown>
      <Shown label="Peer exchange" knob={s.pex}>{on(s.pex.value)}</Shown>
      {s.private_urls.value.length > 0 && <Shown label="Own networks that URLs may lead to" knob={s.private_urls}><code>{s.private_urls.value.join(', ')}</code></Shown>}
    </section>
  );
}

function reach(reachable: boolean | null | undefined): string | undefined {
  if (reachable === undefined || reachable === null) return undefined;
  return reachable ? 'Others can reach it.' : 'Nobody has reached it from outside yet: forward the port in the router.';
}
