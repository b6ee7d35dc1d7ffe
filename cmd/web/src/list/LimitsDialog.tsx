import { useState } from 'react';
import { act } from '../api/actions';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { count } from '../ui/format';
import { rowsOf } from './commands';
import css from './dialogs.module.css';
import { parseRate, rateText } from '../ui/rates';
import { RateField } from './RateField';
import { Subject } from './Subject';

interface Props {
  ids: readonly string[];
  onClose: () => void;
}

/** The limits of torrents of their own, beside those of all. */
export function LimitsDialog({ ids, onClose }: Props) {
  const [rows] = useState(() => rowsOf(ids));
  const [down, setDown] = useState(() => common(rows.map((r) => r.limits.max_down)));
  const [up, setUp] = useState(() => common(rows.map((r) => r.limits.max_up)));
  const max_down = parseRate(down ?? '');
  const max_up = parseRate(up ?? '');
  const wrong = max_down === null || max_up === null;
  const save = (): void => {
    if (wrong) return;
    const limits = { ...(down !== null && { max_down }), ...(up !== null && { max_up }) };
    if (Object.keys(limits).length > 0) void act.setLimits(ids, limits);
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={rows.length === 1 ? 'Limits' : `Limits of ${count(rows.length)} torrents`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" disabled={wrong} onClick={save}>
            Save
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
        <RateField label="Download" value={down ?? ''} mixed={down === null} onChange={setDown} />
        <RateField label="Upload" value={up ?? ''} mixed={up === null} onChange={setUp} />
        <p className={css.hint}>
          Such as 500 KiB, 2 MiB or 10 MB, each second. Empty: no limit of its own; those of all torrents hold as well.
        </p>
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}

/** The limit that all have, as text; null if they differ: then it stays unless it is typed over. */
function common(values: readonly number[]): string | null {
  const [first = 0] = values;
  return values.every((v) => v === first) ? rateText(first) : null;
}
