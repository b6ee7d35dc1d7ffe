import { act } from '../api/actions';
import { notify } from '../store/notices';
import { rows, type Row } from '../store/rows';
import { count } from '../ui/format';
import { copyText } from './copy';
import { places, type Verb } from './verbs';

/** A dialog of the list, and whom it is about. */
export interface Asked {
  verb: 'move' | 'labels' | 'limits' | 'remove';
  ids: readonly string[];
}

/** Carries out a verb; those that ask something first are handed to ask. */
export async function carryOut(verb: Verb, ids: readonly string[], ask: (a: Asked) => void): Promise<void> {
  if (ids.length === 0) return;
  switch (verb) {
    case 'start':
    case 'start_now':
      await act.start(ids, verb === 'start_now');
      return;
    case 'pause':
      await act.pause(ids);
      return;
    case 'check':
      await act.check(ids);
      return;
    case 'announce':
      await act.announce(ids);
      return;
    case 'copy':
      await copyMagnets(ids);
      return;
    case 'top':
    case 'up':
    case 'down':
    case 'bottom':
      await moveInLine(ids, verb);
      return;
    default:
      ask({ verb, ids });
  }
}

export function rowsOf(ids: readonly string[]): Row[] {
  return ids.flatMap((id) => rows.get(id) ?? []);
}

async function copyMagnets(ids: readonly string[]): Promise<void> {
  const links = rowsOf(ids).map((r) => r.magnet);
  const text = links.length === 1 ? 'Magnet link copied.' : `${count(links.length)} magnet links copied.`;
  if (await copyText(links.join('\n'))) notify({ kind: 'ok', text });
  else notify({ kind: 'bad', text: 'The browser does not let the page copy.', detail: links.join('\n') });
}

/** One after the other: each place is meant in the line that the step before has left. */
async function moveInLine(ids: readonly string[], to: 'top' | 'up' | 'down' | 'bottom'): Promise<void> {
  const length = rows.counts().state['queued'] ?? 0;
  for (const { id, place } of places(rowsOf(ids), to, length)) {
    const { ok } = await act.setQueue([id], place);
    if (!ok) return;
  }
}
