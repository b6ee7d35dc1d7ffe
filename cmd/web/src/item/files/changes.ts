import type { Priority, TorrentFile } from '../../api/types';
import { indexLists } from './ranges';

export interface FileChange {
  files: string;
  priority: Priority;
}

/** changesFor are what to ask the API for, so that some files get a priority. Those that have it are left out. */
export function changesFor(files: readonly TorrentFile[], priority: Priority): FileChange[] {
  const others = files.filter((f) => f.priority !== priority).map((f) => f.index);
  return indexLists(others).map((list) => ({ files: list, priority }));
}
