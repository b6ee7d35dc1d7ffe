import { useId, useState } from 'react';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { useSubmit } from './useSubmit';
import styles from './item.module.css';

interface Props {
  title: string;
  label: string;
  hint?: string;
  was: string;
  /** What the button that saves is called. */
  save?: string;
  rows?: number;
  /** What is wrong with the text, a line each. */
  check: (text: string) => string[];
  onSave: (text: string) => Promise<unknown>;
  onClose: () => void;
}

/** A dialog in which a list is edited as text. */
export function TextSheet({ title, label, hint, was, save = 'Save', rows = 10, check, onSave, onClose }: Props) {
  const id = useId();
  const [text, setText] = useState(was);
  const { problem, busy, submit } = useSubmit(onClose);
  const wrong = check(text);
  const said = wrong.length > 0 ? wrong.slice(0, 5) : problem === '' ? [] : [problem];
  const actions = (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button look="primary" disabled={busy || wrong.length > 0 || text === was} onClick={() => void submit(() => onSave(text))}>
        {save}
      </Button>
    </>
  );
  return (
    <Dialog open title={title} onClose={onClose} actions={actions}>
      <div className={styles.sheet}>
        <label htmlFor={id}>{label}</label>
        <textarea id={id} rows={rows} spellCheck={false} autoCapitalize="off" value={text} aria-invalid={wrong.length > 0} aria-describedby={`${id}-said`} onChange={(e) => setText(e.target.value)} />
        {hint !== undefined && <p className={styles.hint}>{hint}</p>}
        <div id={`${id}-said`} role="alert" className={styles.error}>
          {said.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </div>
      </div>
    </Dialog>
  );
}
