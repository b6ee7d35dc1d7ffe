import { FolderField } from '../list/FolderField';
import { useSettings } from '../store/settings';
import { Check, Select } from '../ui/Field';
import { bytes } from '../ui/format';
import styles from './Add.module.css';
import type { Begin, Options } from './batch';
import { LabelsField } from './LabelsField';

const begins: readonly { value: Begin; label: string }[] = [
  { value: 'turn', label: 'In its turn' },
  { value: 'first', label: 'First in the queue' },
  { value: 'now', label: 'At once, past the queue' },
  { value: 'paused', label: 'Not yet: paused' },
];

interface Props {
  value: Options;
  /** Bytes that will be downloaded. */
  need: number;
  onChange: (o: Options) => void;
}

/** OptionFields are what holds for all torrents of a batch. */
export function OptionFields({ value, need, onChange }: Props) {
  const dir = useSettings()?.dir.value ?? '';
  const set = (change: Partial<Options>) => onChange({ ...value, ...change });
  return (
    <div className={styles.options}>
      <FolderField label="Folder" value={value.dir || dir} need={need} room={room} onChange={(d) => set({ dir: d === dir ? '' : d })} />
      <LabelsField value={value.labels} onChange={(labels) => set({ labels })} />
      <Select label="Start" options={begins} value={value.begin} onChange={(e) => set({ begin: e.target.value as Begin })} />
      <Check label="In order, to watch while it downloads" checked={value.sequential} onChange={(e) => set({ sequential: e.target.checked })} />
    </div>
  );
}

/** room says what is free in a folder, and what will be. */
export function room(free: number, need: number): string {
  if (need > free) return `${bytes(free)} free: ${bytes(need - free)} too little. It waits for room.`;
  return need > 0 ? `${bytes(free)} free, ${bytes(free - need)} after this` : `${bytes(free)} free`;
}
