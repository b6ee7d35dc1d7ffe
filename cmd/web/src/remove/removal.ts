import { act } from '../api/actions';
import type { Removed } from '../api/types';
import { bytes, count } from '../ui/format';

/** What became of the files of torrents that were removed. */
export interface Report {
  torrents: number;
  files: number;
  freed: number;
  /** Paths that stay, by the names of their torrents. */
  left: { name: string; paths: readonly string[] }[];
}

/** Requests at a time. */
const lanes = 4;

/** removeWithData removes torrents one by one: only so does the daemon say what it left. */
export async function removeWithData(torrents: readonly { id: string; name: string }[]): Promise<Report> {
  const report: Report = { torrents: 0, files: 0, freed: 0, left: [] };
  const waiting = [...torrents];
  const lane = async () => {
    for (let t = waiting.shift(); t; t = waiting.shift()) {
      const { removed } = await act.remove([t.id], 'true');
      for (const r of removed) note(report, t.name, r.removed);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return report;
}

function note(report: Report, name: string, r: Removed): void {
  report.torrents++;
  report.files += r.removed_files;
  report.freed += r.freed;
  if (r.left.length > 0) report.left.push({ name, paths: r.left });
}

/** reportText is a line about what is gone. */
export function reportText(r: Report): string {
  if (r.files === 0) return 'No file was deleted.';
  return `${r.files === 1 ? 'One file' : `${count(r.files)} files`} deleted, ${bytes(r.freed)} freed.`;
}
