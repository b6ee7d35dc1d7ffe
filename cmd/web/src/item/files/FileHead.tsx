import { bytes, count } from '../../ui/format';
import type { Torrent } from '../../api/types';
import { archivePath, playlistPath } from './content';
import type { FilesState } from './fileStore';
import styles from './files.module.css';

interface Props {
  torrent: Torrent;
  files: FilesState;
  query: string;
  onQuery: (q: string) => void;
  /** How many files match; undefined: nothing is searched for. */
  found: number | undefined;
}

/** Above the tree: search, what is selected, and all files at once. */
export function FileHead({ torrent, files, query, onQuery, found }: Props) {
  const { root } = files.tree;
  const said =
    found !== undefined
      ? `${count(found)} of ${count(root.files)} files match`
      : files.loading && root.files < files.total
        ? `${count(root.files)} of ${count(files.total)} files read…`
        : `${count(root.files - root.tally.skip)} of ${count(root.files)} files wanted, ${bytes(root.wanted)}`;
  return (
    <div className={styles.head}>
      <input type="search" value={query} placeholder="Search in files" aria-label="Search in files" onChange={(e) => onQuery(e.target.value)} />
      <p role="status">{said}</p>
      <div className={styles.all}>
      <a href={playlistPath(torrent.id)} download title="A list of all that can be played, for a player">
        Playlist
      </a>
      <a href={archivePath(torrent.id)} download title="All wanted files in one archive. What is missing is fetched and waited for.">
        Save all (.tar)
      </a>
      </div>
    </div>
  );
}
