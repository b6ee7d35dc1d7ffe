import type { View } from '../store/view';
import { Icon } from '../ui/Icon';
import { plain as shownName } from '../ui/sanitise';
import css from './chips.module.css';
import { chips } from './filters';

/** The filters that are on: a click leaves one. */
export function Chips({ view, onView }: { view: View; onView: (v: View) => void }) {
  const on = chips(view);
  if (on.length === 0) return null;
  return (
    <ul className={css.chips} aria-label="Filters that are on">
      {on.map((c) => (
        <li key={c.key}>
          <button
            type="button"
            className={css.chip}
            aria-label={`Leave ${c.kind} ${c.text}`}
            onClick={() => {
              onView(c.without);
            }}
          >
            <span className={css.kind}>{c.kind}</span>
            <bdi className={css.text}>{shownName(c.text)}</bdi>
            <Icon name="close" size={12} />
          </button>
        </li>
      ))}
    </ul>
  );
}
