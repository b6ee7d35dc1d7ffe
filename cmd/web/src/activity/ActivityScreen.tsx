import styles from './Activity.module.css';
import Facts from './Facts';
import Hour from './Hour';
import LogView from './LogView';

/** ActivityScreen is what the daemon has been doing. */
export default function ActivityScreen() {
  return (
    <div className={styles.screen}>
      <h1>Activity</h1>
      <div className={styles.top}>
        <Hour />
        <Facts />
      </div>
      <LogView />
    </div>
  );
}
