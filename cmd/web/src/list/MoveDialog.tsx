import { useState } from 'react';
import { act } from '../api/actions';
import { rowsOf } from './commands';
import css from './dialogs.module.css';
import { FolderField } from './FolderField';
import { SubjectDialog } from './SubjectDialog';

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
    <SubjectDialog rows={rows} what="Move files" verb="Move" disabled={nowhere} onDo={save} onClose={onClose}>
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
    </SubjectDialog>
  );
}
