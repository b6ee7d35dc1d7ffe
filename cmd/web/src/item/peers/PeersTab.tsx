import { lazy, Suspense, useMemo, useState } from 'react';
import { act } from '../../api/actions';
import { explain } from '../../api/problem';
import { useCan } from '../../store/link';
import { Button } from '../../ui/Button';
import { count } from '../../ui/format';
import { copyOrSay } from '../copy';
import { usePeers } from '../../api/queries';
import type { Torrent } from '../../api/types';
import { allFlags, explainFlags } from './flags';
import { PeerGrid } from './PeerGrid';
import { sortPeers, type PeerSort } from './sort';
import styles from './peers.module.css';

const AddPeers = lazy(() => import('./AddPeers'));

/** Who is connected, and what they do. */
export default function PeersTab({ torrent }: { torrent: Torrent }) {
  const can = useCan();
  const peers = usePeers(torrent.id);
  const [sort, setSort] = useState<PeerSort>({ key: 'down_rate', down: true });
  const [selected, setSelected] = useState<string>();
  const [adding, setAdding] = useState(false);
  const sorted = useMemo(() => sortPeers(peers.data ?? [], sort), [peers.data, sort]);
  const one = sorted.find((p) => p.addr === selected);
  const drop = (addr: string, ban?: string): void => void act.drop(torrent.id, addr, ban);
  return (
    <div className={styles.tab}>
      <div className={styles.bar} role="toolbar" aria-label="Peers">
        <p className={styles.count}>
          {count(torrent.peers)} connected, {count(torrent.seeds)} with everything, {count(torrent.known)} {torrent.known === 1 ? 'address' : 'addresses'} known
        </p>
        {can && <Button onClick={() => setAdding(true)}>Add peers</Button>}
      </div>
      {peers.error !== null && <p role="alert">{explain(peers.error).title}</p>}
      {peers.data && sorted.length === 0 ? (
        <p className={styles.none}>Nobody is connected.{torrent.known > 0 && torrent.completed === null ? ' Known addresses are tried one after the other.' : ''}</p>
      ) : (
        <PeerGrid peers={sorted} sort={sort} onSort={setSort} selected={selected} onSelect={setSelected} onDrop={(addr) => can && drop(addr)} />
      )}
      {one && (
        <div className={styles.one} aria-live="polite">
          <p>
            <strong>{one.addr}</strong> {explainFlags(one.flags).join('; ')}
          </p>
          <Button onClick={() => void copyOrSay(one.addr, 'address')}>Copy address</Button>
          {can && <Button onClick={() => drop(one.addr)}>Disconnect</Button>}
          {can && <Button onClick={() => drop(one.addr, '1h')}>Ban for 1 h</Button>}
        </div>
      )}
      <details className={styles.legend}>
        <summary>What the flags mean</summary>
        <dl>
          {allFlags.map(([letter, meaning]) => (
            <div key={letter}>
              <dt>{letter}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </details>
      {adding && (
        <Suspense fallback={null}>
          <AddPeers id={torrent.id} onClose={() => setAdding(false)} />
        </Suspense>
      )}
    </div>
  );
}
