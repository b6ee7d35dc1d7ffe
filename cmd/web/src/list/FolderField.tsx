import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useId } from 'react';
import { api, must } from '../api/client';
import { explain } from '../api/problem';
import { useSettings } from '../store/settings';
import { bytes } from '../ui/format';
import { Icon, type IconName } from '../ui/Icon';
import { plain } from '../ui/sanitise';
import css from './dialogs.module.css';

interface Props {
  label: string;
  value: string;
  /** Bytes that will go there. */
  need: number;
  /** What to say of the room, if not what a move says. */
  room?: (free: number, need: number) => string;
  onChange: (dir: string) => void;
}

/** A field for a folder of the daemon, with the folders below it to choose from, and the room that is there. */
export function FolderField({ label, value, need, room = roomText, onChange }: Props) {
  const id = useId();
  const roots = useSettings()?.roots.value ?? [];
  const path = useDeferredValue(value.trim());
  const { data, error } = useQuery({
    queryKey: ['dirs', path],
    queryFn: async ({ signal }) => must(await api.GET('/dirs', { params: { query: { path } }, signal })),
    enabled: path !== '',
    retry: false,
    placeholderData: (was) => was,
  });
  const here = error === null ? data : undefined;
  const choices = here?.dirs ?? roots.map((r) => ({ name: r, path: r }));
  const above = here && !roots.includes(here.path) ? here.path.replace(/[/\\][^/\\]+[/\\]?$/, '') : '';
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={css.input}
        value={value}
        maxLength={4096}
        spellCheck={false}
        autoComplete="off"
        onChange={(e) => onChange(e.target.value)}
      />
      <p className={css.hint} aria-live="polite">
        {error !== null ? folderError(error) : typeof here?.free === 'number' && room(here.free, need)}
      </p>
      <ul className={css.folders} aria-label="Folders">
        {above !== '' && <Folder icon="up" name="Folder above" path={above} onChange={onChange} />}
        {choices.slice(0, 500).map((d) => (
          <Folder key={d.path} name={d.name} path={d.path} onChange={onChange} />
        ))}
      </ul>
    </div>
  );
}

interface FolderProps {
  icon?: IconName;
  name: string;
  path: string;
  onChange: (dir: string) => void;
}

function Folder({ icon = 'folder', name, path, onChange }: FolderProps) {
  return (
    <li>
      <button type="button" className={css.folder} onClick={() => onChange(path)}>
        <Icon name={icon} size={14} />
        <bdi>{plain(name)}</bdi>
      </button>
    </li>
  );
}

/** A folder that is not there is made: that is no error here. */
function folderError(e: Error): string {
  const { title } = explain(e);
  return 'status' in e && e.status === 404 ? 'There is no such folder yet: it will be made.' : title;
}

function roomText(free: number, need: number): string {
  if (need > free) return `${bytes(free)} are free there: ${bytes(need - free)} too little, if it is another disk.`;
  return `${bytes(free)} are free there.`;
}
