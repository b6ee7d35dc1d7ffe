import type { ReactNode } from 'react';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { count } from '../ui/format';
import { Name } from '../ui/Name';
import css from './dialogs.module.css';

interface Props {
  /** The torrents that it is about. */
  rows: readonly { name: string }[];
  /** What of them: "Labels". */
  what: string;
  /** The button that does it. */
  verb: string;
  disabled?: boolean;
  onDo: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A dialog that asks something of torrents. It names the one; of several, its title says how many. */
export function SubjectDialog({ rows, what, verb, disabled, onDo, onClose, children }: Props) {
  const only = rows.length === 1 ? rows[0] : undefined;
  return (
    <Dialog
      open
      onClose={onClose}
      title={rows.length === 1 ? what : `${what} of ${count(rows.length)} torrents`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" disabled={disabled} onClick={onDo}>
            {verb}
          </Button>
        </>
      }
    >
      {only && (
        <p className={css.subject}>
          <Name>{only.name}</Name>
        </p>
      )}
      {children}
    </Dialog>
  );
}
