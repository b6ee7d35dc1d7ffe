import { useState } from 'react';
import { act } from '../api/actions';
import { parseRate, rateText } from '../ui/rates';
import { rowsOf } from './commands';
import css from './dialogs.module.css';
import { RateField } from './RateField';
import { SubjectDialog } from './SubjectDialog';

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
    <SubjectDialog rows={rows} what="Limits" verb="Save" disabled={wrong} onDo={save} onClose={onClose}>
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
    </SubjectDialog>
  );
}

/** The limit that all have, as text; null if they differ: then it stays unless it is typed over. */
function common(values: readonly number[]): string | null {
  const [first = 0] = values;
  return values.every((v) => v === first) ? rateText(first) : null;
}
