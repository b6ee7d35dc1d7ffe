import { serverNow, useLink } from '../store/link';
import { useStats } from '../store/stats';
import { bytes, count, span } from '../ui/format';
import styles from './Activity.module.css';

/** Facts are the figures of the daemon. */
export default function Facts() {
  const s = useStats();
  const { version } = useLink();
  if (!s) return null;
  const share = (part: number, whole: number) => (whole > 0 ? ` (${((100 * part) / whole).toFixed(1)} %)` : '');
  const facts: [string, string][] = [
    ['Version', version],
    ['Runs since', span((serverNow() - Date.parse(s.started)) / 1000)],
    ['Downloaded', `${bytes(s.session.downloaded)}, ever ${bytes(s.downloaded)}`],
    ['Uploaded', `${bytes(s.session.uploaded)}, ever ${bytes(s.uploaded)}`],
    ['Wasted', `${bytes(s.wasted)}${share(s.wasted, s.session.downloaded)}`],
    ['Torrents awake', count(s.active)],
    ['Connections', `${count(s.connections)}, ${count(s.dialing)} being made`],
    ['Announces due', count(s.announce_queue)],
    ['Address', s.external ? `${s.external} port ${s.port}` : s.port > 0 ? `port ${s.port}` : 'no port'],
    ['Reachable', s.reachable === null ? 'not known yet' : s.reachable ? 'yes' : 'not from outside so far'],
    ['DHT', s.dht_nodes === null ? 'off' : `${count(s.dht_nodes)} nodes`],
    ['Memory', `${bytes(s.memory)}, of which ${bytes(s.buffer_bytes)} buffers`],
    ['Open files', count(s.open_files)],
    ...s.disks.map((d): [string, string] => [`Free in ${d.dir}`, d.free === null ? 'not known' : bytes(d.free)]),
  ];
  return (
    <section aria-labelledby="facts">
      <h2 id="facts">Daemon</h2>
      <dl className={styles.facts}>
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
      </dl>
    </section>
  );
}
