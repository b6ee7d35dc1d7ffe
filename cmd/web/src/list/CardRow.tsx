import { memo } from 'react';
import { useRow, type Row } from '../store/rows';
import { bytes, rate, span } from '../ui/format';
import { Name } from '../ui/Name';
import css from './cards.module.css';
import { Labels, ProgressCell } from './cells';
import { StateMark } from './StateMark';
import type { Selection } from './selection';
import { useIsCursor, useSelected } from './useSelection';
import { stateTones, stateWords, why } from './why';

interface Props {
  id: string;
  index: number;
  selection: Selection;
  open: boolean;
  first: boolean;
  height: number;
}

/** One torrent as a card. As a row of the table, it renders only for its own sake. */
export const CardRow = memo(function CardRow({ id, index, selection, open, first, height }: Props) {
  const row = useRow(id);
  const selected = useSelected(selection, id);
  const cursor = useIsCursor(selection, id);
  if (row === undefined) return null;
  return (
    <div
      role="row"
      className={css.card}
      data-id={id}
      data-cursor={cursor || undefined}
      data-open={open || undefined}
      aria-rowindex={index + 1}
      aria-selected={selected}
      tabIndex={cursor || first ? 0 : -1}
      style={{ top: index * height }}
    >
      <div role="gridcell" className={css.inner}>
        <span className={css.pick} data-pick="" title={selected ? 'Take out of the selection' : 'Select'}>
          <StateMark state={row.state} />
        </span>
        <span className={css.lines}>
          <span className={css.top}>
            <Name className={css.name}>{row.name}</Name>
            {row.labels.length > 0 && <Labels labels={row.labels} />}
          </span>
          <ProgressCell row={row} />
          <CardFacts row={row} />
        </span>
      </div>
    </div>
  );
});

/** What it does or why it waits, how much, and how fast. */
function CardFacts({ row }: { row: Row }) {
  const reason = why(row);
  return (
    <span className={css.facts}>
      <span className={css.what} data-tone={stateTones[row.state]}>
        {stateWords[row.state]}
        {reason !== '' && ` · ${reason}`}
        {row.eta !== null && row.eta > 0 && ` · ${span(row.eta)}`}
      </span>
      <span className={css.flow}>
        {row.down_rate > 0 && <span className={css.down}>↓ {rate(row.down_rate)}</span>}
        {row.up_rate > 0 && <span className={css.up}>↑ {rate(row.up_rate)}</span>}
        {row.down_rate + row.up_rate === 0 && bytes(row.size)}
      </span>
    </span>
  );
}
