import { useEffect, useRef } from 'react';
import { href } from '../app/route';
import { useSettings } from '../store/settings';
import Here from './Here';
import Limits from './Limits';
import { Folders, Network } from './Places';
import Schedule from './Schedule';
import styles from './SettingsScreen.module.css';
import { Queue, Seeding } from './Work';

const sections = [
  ['limits', 'Limits'], ['schedule', 'Schedule'], ['queue', 'Queue'], ['seeding', 'Seeding'], ['folders', 'Folders'], ['network', 'Network'], ['browser', 'This browser'],
] as const;

/** SettingsScreen is everything that the daemon goes by. Each value is changed by itself, at
 *  once, and can be taken back. */
export default function SettingsScreen({ section }: { section: string }) {
  const settings = useSettings();
  const page = useRef<HTMLDivElement>(null);
  const loaded = settings !== undefined;
  useEffect(() => {
    const h = section && page.current?.querySelector<HTMLElement>(`#${CSS.escape(section)}`);
    if (h) h.scrollIntoView({ block: 'start' });
  }, [section, loaded]);
  return (
    <div className={styles.screen} ref={page}>
      <nav aria-label="Settings" className={styles.nav}>
        <h1>Settings</h1>
        <ul>
          {sections.map(([id, label]) => (
            <li key={id}><a href={href({ name: 'settings', section: id })} aria-current={section === id ? 'true' : undefined}>{label}</a></li>
          ))}
        </ul>
      </nav>
      <div className={styles.sections}>
        {settings ? (
          <>
            <Limits settings={settings} />
            <Schedule settings={settings} />
            <Queue settings={settings} />
            <Seeding settings={settings} />
            <Folders settings={settings} />
            <Network settings={settings} />
          </>
        ) : <p className={styles.about}>Loading…</p>}
        <Here />
      </div>
    </div>
  );
}
