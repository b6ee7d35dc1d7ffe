import { useEffect, useRef, useState, type Ref } from 'react';
import { go } from '../app/route';
import { useCell } from '../store/cell';
import { notify } from '../store/notices';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { bytes, count } from '../ui/format';
import { plain } from '../ui/sanitise';
import styles from './Add.module.css';
import { sizes, type Options, type Outcome } from './batch';
import { Inside } from './Inside';
import { Items } from './Items';
import { More } from './More';
import { OptionFields } from './OptionFields';
import { batch } from './send';

const usual: Options = { dir: '', labels: [], begin: 'turn', sequential: false };

const leave = () => go({ name: 'list' });

/** AddScreen is the sheet of what is about to be added. What is in it stays there when it
 *  is closed, until it is added or sent away. */
export default function AddScreen() {
  const items = useCell(batch.items);
  const [options, setOptions] = useState(usual);
  const [chosen, setChosen] = useState('');
  const [busy, setBusy] = useState(false);
  const text = useRef<HTMLTextAreaElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const empty = items.length === 0;
  // Paste, and Enter: the way of most.
  useEffect(() => (empty ? text.current : button.current)?.focus(), [empty]);
  const sum = sizes(items);
  const current = items.find((i) => i.key === chosen) ?? items[0];
  const add = async () => {
    setBusy(true);
    const out = await batch.addAll(options);
    setBusy(false);
    tell(out);
    if (out.refused.length === 0) discard();
  };
  return (
    <Dialog open onClose={leave} wide={!empty} title="Add torrents" actions={!empty && <Foot sum={sum} busy={busy} add={() => void add()} button={button} />}>
      {current === undefined ? (
        <More empty field={text} />
      ) : (
        <div className={styles.sheet}>
          <div className={styles.what}>
            {items.length > 1 && <Items items={items} chosen={current.key} onChoose={setChosen} />}
            <Inside key={current.key} item={current} />
            <More />
          </div>
          <OptionFields value={options} need={sum.bytes} onChange={setOptions} />
        </div>
      )}
    </Dialog>
  );
}

function discard(): void {
  batch.clear();
  leave();
}

function Foot({ sum, busy, add, button }: { sum: ReturnType<typeof sizes>; busy: boolean; add: () => void; button: Ref<HTMLButtonElement> }) {
  return (
    <>
      <p className={styles.sum} aria-live="polite">
        {sumText(sum)}
      </p>
      <Button onClick={discard}>Discard</Button>
      <Button look="primary" ref={button} disabled={busy || sum.torrents === 0} onClick={add}>
        {busy ? 'Adding…' : sum.torrents > 1 ? `Add ${count(sum.torrents)} torrents` : 'Add'}
      </Button>
    </>
  );
}

/** sumText says how much would be downloaded. */
export function sumText({ torrents, bytes: n, unknown }: ReturnType<typeof sizes>): string {
  if (torrents === 0) return 'Nothing here can be added.';
  if (unknown === torrents) return 'How much it is shows when the contents are known.';
  const more = unknown > 0 ? `, and ${unknown === 1 ? 'one' : count(unknown)} of unknown size` : '';
  return `${bytes(n)} selected${more}`;
}

/** tell says what came of it; what was refused says so in the sheet. */
function tell({ added, existing, refused }: Outcome): void {
  const [first] = added;
  if (first) {
    notify({
      kind: 'ok',
      text: added.length === 1 ? `Added ${plain(first.name)}` : `Added ${count(added.length)} torrents`,
      action: added.length === 1 ? { label: 'Open', run: () => go({ name: 'item', id: first.id, tab: 'overview' }) } : undefined,
    });
  }
  if (existing.length > 0 && refused.length === 0) {
    const [one] = existing;
    notify({ kind: 'info', text: existing.length === 1 ? `${plain(one?.preview?.torrent.name ?? one?.label ?? '')} was there already` : `${count(existing.length)} were there already`, detail: 'Nothing about it was changed.' });
  }
}
