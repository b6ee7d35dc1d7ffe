import type { Milestone } from '../api/types';
import { plain } from '../ui/sanitise';
import { announce } from './announce';
import { Cell, useCell } from './cell';

/** Those kept for the activity screen, the newest first. */
const most = 500;

export const milestones = new Cell<readonly Milestone[]>([]);

/** reach keeps a milestone, and has those said that somebody waits for. */
export function reach(m: Milestone): void {
  milestones.set([m, ...milestones.get()].slice(0, most));
  if (m.what === 'completed' || m.what === 'failed') announce(`${plain(m.name)} ${m.what}`);
}

export const useMilestones = (): readonly Milestone[] => useCell(milestones);
