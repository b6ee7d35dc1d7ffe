import { useState } from 'react';
import { typedLabels } from '../list/labels';
import { useCounts } from '../store/rows';
import { Field } from '../ui/Field';
import { Name } from '../ui/Name';
import styles from './Add.module.css';

/** Labels that are shown to choose from: those that most torrents have. */
const shown = 12;

/** LabelsField is the labels that torrents get: typed, or chosen among those there are. */
export function LabelsField({ value, onChange }: { value: readonly string[]; onChange: (labels: string[]) => void }) {
  const [text, setText] = useState(value.join(', '));
  const known = Object.entries(useCounts().label)
    .filter(([name]) => name !== '')
    .sort(([a, n], [b, m]) => m - n || a.localeCompare(b))
    .slice(0, shown);
  const type = (t: string) => {
    setText(t);
    onChange(typedLabels(t));
  };
  const flip = (name: string) => type((value.includes(name) ? value.filter((l) => l !== name) : [...value, name]).join(', '));
  return (
    <div className={styles.labels}>
      <Field label="Labels" value={text} placeholder="none" maxLength={1000} autoComplete="off" spellCheck={false} onChange={(e) => type(e.target.value)} />
      {known.length > 0 && (
        <div className={styles.chips} role="group" aria-label="Labels there are">
          {known.map(([name]) => (
            <button key={name} type="button" className={styles.chip} aria-pressed={value.includes(name)} onClick={() => flip(name)}>
              <Name>{name}</Name>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
