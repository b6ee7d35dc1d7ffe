import { Name } from '../ui/Name';
import css from './dialogs.module.css';

/** Which torrent a dialog is about; of several, its title says how many. */
export function Subject({ rows }: { rows: readonly { name: string }[] }) {
  const [only] = rows;
  if (only === undefined || rows.length > 1) return null;
  return (
    <p className={css.subject}>
      <Name>{only.name}</Name>
    </p>
  );
}
