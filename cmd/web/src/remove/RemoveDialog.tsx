import { useEffect, useRef, useState } from 'react';
import { act } from '../api/actions';
import { useKeys } from '../keys/keys';
import { notify } from '../store/notices';
import { rows, type Row } from '../store/rows';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { count } from '../ui/format';
import { plain } from '../ui/sanitise';
import { lossesOf, lossText } from './losses';
import { Left } from './Left';
import styles from './Remove.module.css';
import { Question } from './Question';
import { removeWithData, reportText, type Report } from './removal';

interface Props {
  ids: readonly string[];
  onClose: () => void;
}

/** RemoveDialog asks before torrents are taken out of the list. Enter does so and keeps the
 *  files; to delete them takes d, and then y: neither is the key that opened the dialog,
 *  and no key that is held down does both. */
export default function RemoveDialog({ ids, onClose }: Props) {
  const [torrents] = useState(() => ids.map((id) => rows.get(id)).filter((r): r is Row => r !== undefined));
  const [data, setData] = useState(false);
  const [busy, setBusy] = useState(false);
  const [report, setReport] = useState<Report>();
  const keep = useRef<HTMLButtonElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  // Enter is never what deletes.
  useEffect(() => (data ? cancel : keep).current?.focus(), [data]);
  const some = torrents.length === 1 ? `“${plain(torrents[0]?.name ?? '')}”` : `${count(torrents.length)} torrents`;

  const removeOnly = async () => {
    onClose();
    if ((await act.remove(ids)).ok) notify({ kind: 'ok', text: `Removed ${some}`, detail: 'The files stay on the disk.' });
  };
  const removeAll = async () => {
    setBusy(true);
    const r = await removeWithData(torrents);
    setBusy(false);
    if (r.left.length > 0) return setReport(r);
    onClose();
    if (r.torrents > 0) notify({ kind: 'ok', text: `Removed ${r.torrents === torrents.length ? some : `${count(r.torrents)} of ${count(torrents.length)} torrents`}`, detail: reportText(r) });
  };

  if (report) {
    return (
      <Dialog open onClose={onClose} title="Some files were left" actions={<Button look="primary" onClick={onClose}>Close</Button>}>
        <Left report={report} />
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={torrents.length === 1 ? 'Remove this torrent?' : `Remove ${count(torrents.length)} torrents?`}
      actions={
        <>
          <Button ref={cancel} onClick={onClose}>
            Cancel
          </Button>
          {data ? (
            <Button look="danger" icon="remove" disabled={busy} onClick={() => void removeAll()}>
              {busy ? 'Deleting…' : `Remove, and delete ${lossText(lossesOf(torrents))}`} <kbd className={styles.key}>y</kbd>
            </Button>
          ) : (
            <Button look="primary" ref={keep} onClick={() => void removeOnly()}>
              Remove, keep the files
            </Button>
          )}
        </>
      }
    >
      <Keys arm={() => setData(!data)} confirm={data && !busy ? () => void removeAll() : undefined} />
      <Question torrents={torrents} data={data} onData={setData} busy={busy} />
    </Dialog>
  );
}

/** Keys are heard in the layer of the dialog. A key that is held down repeats, and means
 *  nothing here. */
function Keys({ arm, confirm }: { arm: () => void; confirm: (() => void) | undefined }) {
  useKeys('Remove', {
    d: { label: 'Delete the files, too', run: (e) => !e.repeat && arm() },
    y: { label: 'Yes, delete them', when: () => confirm !== undefined, run: (e) => !e.repeat && confirm?.() },
  });
  return null;
}
