import { useState } from 'react';
import { api } from '../api/client';
import { explain, toProblem } from '../api/problem';
import { go } from '../app/route';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { TextField } from '../ui/Field';

/** AddScreen adds links. */
export default function AddScreen() {
  const [text, setText] = useState('');
  const [error, setError] = useState('');
  const close = () => go({ name: 'list' });
  const add = async () => {
    try {
      await api.POST('/torrents', { body: { source: text.trim() } });
      close();
    } catch (e) {
      const p = toProblem(e);
      setError(`${explain(p).title} ${p.detail}`);
    }
  };
  return (
    <Dialog open onClose={close} title="Add a torrent" actions={<Button look="primary" onClick={() => void add()}>Add</Button>}>
      <TextField label="Magnet link, address or info-hash" rows={3} value={text} onChange={(e) => setText(e.target.value)} error={error} />
    </Dialog>
  );
}
