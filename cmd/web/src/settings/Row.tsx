import { useId, useState, type ReactNode } from 'react';
import { useCan } from '../store/link';
import { Button } from '../ui/Button';
import { originOf, type Knob } from './origin';
import styles from './Row.module.css';

interface RowProps {
  label: string;
  hint?: ReactNode;
  knob: Knob<unknown>;
  /** Goes back to what flags, file and defaults say. */
  onReset?: () => void;
  children: (wires: { id: string; disabled: boolean; describedBy: string }) => ReactNode;
}

/** Row is one setting: its name, its control, and where its value comes from. */
export function Row({ label, hint, knob, onReset, children }: RowProps) {
  const id = useId();
  const can = useCan();
  const origin = originOf(knob);
  return (
    <div className={styles.row}>
      <label htmlFor={id} className={styles.label}>{label}</label>
      <div className={styles.control}>
        {children({ id, disabled: knob.fixed || !can, describedBy: `${id}-about` })}
        {can && onReset && knob.from === 'api' && (
          <Button look="plain" icon="retry" onClick={onReset} aria-label={`${label}: back to the default`} title="Back to the default" />
        )}
      </div>
      <p id={`${id}-about`} className={styles.about}>{hint}{hint && origin ? ' · ' : ''}{origin}</p>
    </div>
  );
}

interface TextProps {
  label: string;
  hint?: ReactNode;
  knob: Knob<number>;
  /** null and undefined: it is not understood. */
  read: (text: string) => number | null | undefined;
  write: (value: number) => string;
  /** Stands where there is no limit. */
  none: string;
  onChange: (value: number | null) => void;
}

/** TextRow is a number that people write with units. It is changed when it is left, or by enter. */
export function TextRow({ label, hint, knob, read, write, none, onChange }: TextProps) {
  const [draft, setDraft] = useState<string>();
  const value = draft === undefined ? knob.value : (read(draft) ?? undefined);
  const leave = () => {
    if (draft === undefined || value === undefined) return;
    setDraft(undefined);
    if (value !== knob.value) onChange(value);
  };
  return (
    <Row label={label} hint={value === undefined ? <span className={styles.wrong}>This is not understood: {hint}</span> : hint} knob={knob} onReset={() => onChange(null)}>
      {({ id, disabled, describedBy }) => (
        <input
          id={id} className={styles.input} disabled={disabled} aria-describedby={describedBy} aria-invalid={value === undefined} placeholder={none}
          value={draft ?? write(knob.value)} onChange={(e) => setDraft(e.target.value)} onBlur={leave}
          onKeyDown={(e) => {
            if (e.key === 'Enter') leave();
            if (e.key === 'Escape' && draft !== undefined) { e.stopPropagation(); setDraft(undefined); }
          }}
        />
      )}
    </Row>
  );
}

/** readCount reads a whole number up to most. */
export const readCount = (most: number) => (text: string): number | undefined => {
  const t = text.trim();
  if (t === '') return 0;
  return /^\d+$/.test(t) && Number(t) <= most ? Number(t) : undefined;
};

/** readRatio reads a number like 1.5. */
export function readRatio(text: string): number | undefined {
  const t = text.trim().replace(',', '.');
  if (t === '') return 0;
  return /^\d+(\.\d+)?$/.test(t) && Number(t) <= 1e6 ? Number(t) : undefined;
}

export const writeNumber = (n: number): string => (n > 0 ? String(n) : '');

/** Shown is a setting that only flags can change. */
export function Shown({ label, hint, knob, children }: { label: string; hint?: string; knob: Knob<unknown>; children: ReactNode }) {
  const origin = originOf(knob);
  return (
    <div className={styles.row}>
      <span className={styles.label}>{label}</span>
      <div className={styles.value}>{children}</div>
      <p className={styles.about}>{hint}{hint && origin ? ' · ' : ''}{origin}</p>
    </div>
  );
}
