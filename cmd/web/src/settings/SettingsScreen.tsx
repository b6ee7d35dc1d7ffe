import { useSettings } from '../store/settings';
import { rate } from '../ui/format';

/** SettingsScreen shows what the daemon goes by. */
export default function SettingsScreen(_: { section: string }) {
  const s = useSettings();
  if (!s) return null;
  return (
    <>
      <h1>Settings</h1>
      <p>Download: {rate(s.max_down.value) || 'no limit'}</p>
      <p>Upload: {rate(s.max_up.value) || 'no limit'}</p>
    </>
  );
}
