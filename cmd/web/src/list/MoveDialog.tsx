import { useState } from 'react';
import { act } from '../api/actions';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { count } from '../ui/format';
import { rowsOf } from './commands';
import css from './dialogs.module.css';
import { FolderField } from './FolderField';
import { Subject } from './Subject';

interface Props {
  ids: readonly string[];
  onClose: () => void;
}

/** Moves the files of torrents to another folder. */
export function MoveDialog({ ids, onClose }: Props) {
  const [rows] = useState(() => rowsOf(ids));
  const [dir, setDir] = useState(() => rows[0]?.dir ?? '');
  const [overwrite, setOverwrite] = useState(false);
  const nowhere = dir.trim() === '' || rows.every((r) => r.dir === dir.trim());
  const need = rows.reduce((sum, r) => sum + r.verified, 0);
  const save = (): void => {
    if (nowhere) return;
    void act.move(ids, dir.trim(), overwrite);
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={rows.length === 1 ? 'Move files' : `Move files of ${count(rows.length)} torrents`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" disabled={nowhere} onClick={save}>
            Move
          </Button>
        </>
      }
    >
      <Subject rows={rows} />
      <form
        className={css.fields}
        onSubmit={(e) => {
          e.preventDefault();
          save();
        }}
      >
        <FolderField label="To folder" value={dir} need={need} onChange={setDir} />
        <label className={css.check}>
          <input type="checkbox" checked={overwrite} onChange={(e) => setOverwrite(e.target.checked)} />
          <span>Replace other files that are in the way</span>
        </label>
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
