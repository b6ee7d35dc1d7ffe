import { useState, type FormEvent } from 'react';
import { api } from '../../api/client';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { useSubmit } from '../useSubmit';
import { badName } from './names';

interface Props {
  id: string;
  /** Of the file or folder, below the torrent's folder. */
  path: string;
  onClose: () => void;
  onDone: () => void;
}

/** Gives a file or folder another name on disk. */
export function RenameDialog({ id, path, onClose, onDone }: Props) {
  const was = path.slice(path.lastIndexOf('/') + 1);
  const [text, setText] = useState(was);
  const { problem, busy, submit } = useSubmit(() => {
    onDone();
    onClose();
  });
  const wrong = badName(text);

  const rename = (e: FormEvent): void => {
    e.preventDefault();
    if (wrong === '' && text !== was) {
      void submit(() => api.POST('/torrents/{id}/rename', { params: { path: { id } }, body: { path, name: text } }));
    }
  };
  return (
    <Dialog
      open
      title="Rename"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="rename" disabled={busy || wrong !== '' || text === was}>
            Rename
          </Button>
        </>
      }
    >
      <form id="rename" onSubmit={rename}>
        <Field label="New name" value={text} onChange={(e) => setText(e.target.value)} error={wrong || problem} />
      </form>
    </Dialog>
  );
}
