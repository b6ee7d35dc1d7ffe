import { useId } from 'react';
import css from './dialogs.module.css';
import { parseRate } from '../ui/rates';

interface Props {
  label: string;
  value: string;
  /** Several torrents differ in it. */
  mixed?: boolean;
  onChange: (text: string) => void;
}

/** A field for a rate, as people write it. */
export function RateField({ label, value, mixed = false, onChange }: Props) {
  const id = useId();
  const wrong = parseRate(value) === null;
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={css.input}
        value={value}
        placeholder={mixed ? 'different' : 'no limit'}
        maxLength={24}
        autoComplete="off"
        aria-invalid={wrong}
        aria-describedby={wrong ? `${id}-wrong` : undefined}
        onChange={(e) => onChange(e.target.value)}
      />
      {wrong && (
        <span id={`${id}-wrong`} className={css.wrong}>
          Not a rate. Write it as 500 KiB or 2 MiB.
        </span>
      )}
    </div>
  );
}
