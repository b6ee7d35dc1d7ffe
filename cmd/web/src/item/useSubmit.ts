import { useState } from 'react';
import { explain, toProblem } from '../api/problem';
import { plain } from '../ui/sanitise';

export interface Submit {
  /** What the daemon said against it; empty: nothing. */
  problem: string;
  busy: boolean;
  /** Does what a dialog is for, and closes it; a refusal is told in the dialog. */
  submit: (fn: () => Promise<unknown>) => Promise<void>;
}

export function useSubmit(onDone: () => void): Submit {
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (fn: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    try {
      await fn();
      onDone();
    } catch (e) {
      setProblem(inWords(e));
      setBusy(false);
    }
  };
  return { problem, busy, submit };
}

/** inWords is a problem as a sentence, and what the daemon itself says of it. */
export function inWords(e: unknown): string {
  const { title, hint } = explain(e);
  const detail = plain(toProblem(e).detail);
  return [title, detail || hint].filter((s) => s !== undefined && s !== '').join(' ');
}
