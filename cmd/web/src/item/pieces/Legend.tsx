import { legend } from './legend';
import type { View } from './paint';
import styles from './pieces.module.css';

const views: readonly (readonly [View, string])[] = [
  ['state', 'State'],
  ['availability', 'Availability'],
];

/** What the colours mean, and which of the two pictures is shown. */
export function Legend({ view, onView }: { view: View; onView: (v: View) => void }) {
  return (
    <div className={styles.legend}>
      <div role="radiogroup" aria-label="What is shown" className={styles.views}>
        {views.map(([id, label]) => (
          <label key={id}>
            <input type="radio" name="pieces-view" checked={view === id} onChange={() => onView(id)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
      <ul>
        {legend[view].map(([kind, label]) => (
          <li key={kind}>
            <span className={styles.swatch} data-kind={kind} />
            {label}
          </li>
        ))}
      </ul>
    </div>
  );
}
