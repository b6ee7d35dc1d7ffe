import { useId, useState } from 'react';
import styles from './settings.module.css';

interface Props {
  label: string;
  /** What is now; it is shown whenever the field is not being edited. */
  value: string;
  placeholder?: string;
  hint?: string;
  disabled?: boolean;
  /** What is wrong with a text; empty: nothing. */
  check: (text: string) => string;
  /** Called with a text that is right and new, when the field is left or Enter is pressed. */
  onCommit: (text: string) => void;
}

/** A line of text that takes effect when it is left: Enter does so, Escape takes it back. */
export function CommitField({ label, value, placeholder, hint, disabled, check, onCommit }: Props) {
  const id = useId();
  const [draft, setDraft] = useState<string>();
  const text = draft ?? value;
  const wrong = draft === undefined ? '' : check(draft);
  const commit = (): void => {
    if (draft !== undefined && wrong === '') {
      setDraft(undefined);
      if (draft !== value) {
        onCommit(draft);
      }
    }
  };
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        autoComplete="off"
        spellCheck={false}
        value={text}
        placeholder={placeholder}
        disabled={disabled}
        aria-invalid={wrong !== ''}
        aria-describedby={`${id}-hint`}
        onChange={(e) => setDraft(e.target.value)}
        onBlur={commit}
        onKeyDown={(e) => {
          if (e.key === 'Enter') {
            commit();
          } else if (e.key === 'Escape' && draft !== undefined) {
            e.stopPropagation();
            setDraft(undefined);
          }
        }}
      />
      <p id={`${id}-hint`} className={wrong === '' ? styles.hint : styles.wrong} role={wrong === '' ? undefined : 'alert'}>
        {wrong === '' ? hint : wrong}
      </p>
    </div>
  );
}
