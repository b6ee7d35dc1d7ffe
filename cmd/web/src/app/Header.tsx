import { useCan } from '../store/link';
import { Icon, type IconName } from '../ui/Icon';
import logo from './icon.svg';
import { href, type Place, type Route } from './route';
import styles from './Shell.module.css';

/** Header leads to all screens. */
export function Header({ route }: { route: Route }) {
  const can = useCan();
  return (
    <header className={styles.bar}>
      <a className={styles.brand} href={href({ name: 'list' })}>
        <img src={logo} width="20" height="20" alt="" />
        gotor
      </a>
      {can && <To route={route} place={{ name: 'add' }} icon="add" text="Add" strong />}
      {!can && (
        <span className={styles.look} title="This token may look, not change.">
          Read only
        </span>
      )}
      <span className={styles.grow} />
      <nav aria-label="Screens">
        <To route={route} place={{ name: 'activity' }} icon="activity" text="Activity" />
        <To route={route} place={{ name: 'settings', section: '' }} icon="settings" text="Settings" />
      </nav>
    </header>
  );
}

function To({ route, place, icon, text, strong }: { route: Route; place: Place; icon: IconName; text: string; strong?: boolean }) {
  return (
    <a className={strong ? `${styles.link ?? ''} ${styles.add ?? ''}` : styles.link} href={href(place, route.query)} aria-current={route.name === place.name ? 'page' : undefined}>
      <Icon name={icon} />
      <span className={strong ? undefined : styles.wide}>{text}</span>
    </a>
  );
}
