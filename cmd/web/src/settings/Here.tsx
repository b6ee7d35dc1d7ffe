import { useState } from 'react';
import { signOut } from '../api/daemon';
import { explain } from '../api/problem';
import { useLink } from '../store/link';
import { notify } from '../store/notices';
import { Button } from '../ui/Button';
import { Select } from '../ui/Field';
import styles from './SettingsScreen.module.css';
import { setTheme, theme, type Theme } from './theme';

const themes: { value: Theme; label: string }[] = [
  { value: 'system', label: 'As the system' }, { value: 'light', label: 'Light' }, { value: 'dark', label: 'Dark' },
];

async function leave(): Promise<void> {
  try {
    await signOut();
  } catch (e) {
    notify({ kind: 'bad', text: `You are still signed in. ${explain(e).title}` });
  }
}

/** Here is what concerns this browser alone, and who may do what. */
export default function Here() {
  const [look, setLook] = useState(theme);
  const { level, version } = useLink();
  return (
    <section aria-labelledby="browser">
      <h2 id="browser">This browser</h2>
      <div className={styles.narrow}>
        <Select label="Colours" options={themes} value={look} onChange={(e) => {
          const t = themes.find((x) => x.value === e.target.value)?.value ?? 'system';
          setTheme(t);
          setLook(t);
        }} />
      </div>
      <p className={styles.line}>
        {level === 'full' ? 'You may do everything.' : 'You may look, not change: the token was one for reading.'}{' '}
        <Button onClick={() => void leave()}>Sign out</Button>
      </p>
      <p className={styles.about}>
        Another browser signs in by the link that <code>gotor ctl login</code> prints, or with the token in the daemon's state folder.
        {' '}<code>gotor ctl token rotate</code> signs everybody out. {version && `gotor ${version}.`}
      </p>
    </section>
  );
}
