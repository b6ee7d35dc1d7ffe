import { explain } from '../api/problem';
import { IconButton } from '../ui/Button';
import { bytes, count } from '../ui/format';
import { Name } from '../ui/Name';
import { wantedOf, type Item } from './batch';
import styles from './Add.module.css';
import { batch } from './send';

interface Props {
  items: readonly Item[];
  chosen: string;
  onChoose: (key: string) => void;
}

/** Items are the torrents of a batch; the one that is chosen shows what is inside. */
export function Items({ items, chosen, onChoose }: Props) {
  return (
    <ul className={styles.items} aria-label={`${count(items.length)} torrents`}>
      {items.map((i) => (
        <li key={i.key} className={i.key === chosen ? `${styles.item ?? ''} ${styles.chosen ?? ''}` : styles.item}>
          <button type="button" className={styles.pick} aria-current={i.key === chosen || undefined} onClick={() => onChoose(i.key)}>
            <Name className={styles.name}>{nameOf(i)}</Name>
            <span className={i.phase === 'refused' ? styles.bad : styles.muted}>{stateOf(i)}</span>
          </button>
          <IconButton icon="close" label={`Leave out ${nameOf(i)}`} onClick={() => batch.drop(i.key)} />
        </li>
      ))}
    </ul>
  );
}

export const nameOf = (i: Item): string => i.preview?.torrent.name ?? i.label;

/** stateOf says in a few words how far one is. */
export function stateOf(i: Item): string {
  switch (i.phase) {
    case 'waiting':
      return 'waits to be looked into';
    case 'looking':
      return i.kind === 'file' ? 'reading' : i.kind === 'url' ? 'fetching' : 'asking peers what is inside';
    case 'ready':
      return i.preview ? bytes(wantedOf(i)) : 'contents unknown';
    case 'refused':
      return explain(i.problem).title;
    case 'adding':
      return 'adding';
    case 'added':
      return 'added';
    case 'existing':
      return 'there already';
  }
}
