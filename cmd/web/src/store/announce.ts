import type { Milestone } from '../api/types';
import { plain } from '../ui/sanitise';
import { Cell } from './cell';

/** spoken is the text of the live region, which screen readers say. */
export const spoken = new Cell('');

/** One line in this many ms at most: who listens must keep up. */
const pace = 5000;

let waiting: string[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** announce has a line said. What comes faster than it can be said becomes a number. */
export function announce(line: string): void {
  waiting.push(line);
  if (timer === undefined) say();
}

function say(): void {
  if (waiting.length === 0) {
    timer = undefined;
    return;
  }
  spoken.set(waiting.length === 1 ? (waiting[0] ?? '') : `${waiting.length} torrents changed: ${waiting.at(-1) ?? ''} last`);
  waiting = [];
  timer = setTimeout(say, pace);
}

/** reach has a milestone said that somebody waits for. */
export function reach(m: Milestone): void {
  if (m.what === 'completed' || m.what === 'failed') announce(`${plain(m.name)} ${m.what}`);
}
