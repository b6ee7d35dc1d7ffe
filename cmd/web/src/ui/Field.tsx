import { useId, type InputHTMLAttributes, type ReactNode, type Ref, type SelectHTMLAttributes, type TextareaHTMLAttributes } from 'react';
import styles from './Field.module.css';

interface Around {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
}

interface Wires {
  id: string;
  'aria-describedby'?: string;
  'aria-invalid'?: boolean;
  className?: string;
}

/** Frame puts a label, a hint and an error around a control. */
export function Frame({ label, hint, error, children }: Around & { children: (wires: Wires) => ReactNode }) {
  const id = useId();
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined, className: styles.input })}
      {hint && (
        <span id={`${id}-hint`} className={styles.hint}>
          {hint}
        </span>
      )}
      {error && (
        <span id={`${id}-error`} className={styles.error} role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

type Input = Around & InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> };

/** Field is one line of text or a number. */
export function Field({ label, hint, error, ...rest }: Input) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(wires) => <input {...wires} {...rest} />}
    </Frame>
  );
}

type Area = Around & TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> };

/** TextField is several lines of text. */
export function TextField({ label, hint, error, ...rest }: Area) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(wires) => <textarea {...wires} {...rest} />}
    </Frame>
  );
}

type Options = Around & SelectHTMLAttributes<HTMLSelectElement> & { options: readonly { value: string; label: string }[] };

/** Select is one of several. */
export function Select({ label, hint, error, options, ...rest }: Options) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(wires) => (
        <select {...wires} {...rest}>
          {options.map((o) => (
            <option key={o.value} value={o.value}>
              {o.label}
            </option>
          ))}
        </select>
      )}
    </Frame>
  );
}

type Box = Omit<InputHTMLAttributes<HTMLInputElement>, 'type' | 'checked'> & { label?: ReactNode; checked: boolean | 'mixed' };

/** Check is on, off, or partly: a folder of which some files are wanted. Without a label it
 *  needs an aria-label. */
export function Check({ label, checked, ...rest }: Box) {
  const box = (
    <input
      {...rest}
      type="checkbox"
      checked={checked === true}
      aria-checked={checked === 'mixed' ? 'mixed' : undefined}
      ref={(el) => {
        if (el) el.indeterminate = checked === 'mixed';
      }}
    />
  );
  if (label === undefined) return <span className={styles.check}>{box}</span>;
  return (
    <label className={styles.check}>
      {box}
      {label}
    </label>
  );
}
