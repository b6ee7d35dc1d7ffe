import type { Row } from '../store/rows';
import css from './StateMark.module.css';
import { stateTones } from './why';

/** Shapes within a box of 12: each tone has its own, for those who do not see colours. */
const shapes: Readonly<Record<Row['state'], string>> = {
  downloading: 'M6 1.5v8M2.5 6.2 6 9.7l3.5-3.5',
  seeding: 'M6 10.5v-8M2.5 5.8 6 2.3l3.5 3.5',
  stalled: 'M6 1.5v4M6 8v2M2.5 6.2 6 9.7l3.5-3.5',
  queued: 'M6 3v3l2 1.5M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Z',
  metadata: 'M5 1.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM7.6 7.6l3 3',
  checking: 'M2 6.5 4.7 9 10 3',
  finishing: 'M2 10.5h8M6 1.5v6M3.5 5 6 7.5 8.5 5',
  moving: 'M1.5 6h8M6.5 3l3 3-3 3',
  paused: 'M4 2.5v7M8 2.5v7',
  completed: 'M2 6.5 4.7 9 10 3',
  failed: 'M6 2v5M6 9.4v.6',
};

/** The mark of a state before a name. The word is beside it or in the row: readers of screens need no second one. */
export function StateMark({ state }: { state: Row['state'] }) {
  return (
    <svg className={css.mark} data-tone={stateTones[state]} viewBox="0 0 12 12" aria-hidden="true">
      <path d={shapes[state]} />
    </svg>
  );
}
