import type { Tracker } from '../../api/types';

/** allFailed is what the trackers say if none of them works: the first of their errors. */
export function allFailed(trackers: readonly Tracker[] | undefined): string | undefined {
  if (!trackers || trackers.length === 0 || trackers.some((t) => t.state !== 'failed')) {
    return undefined;
  }
  return trackers.find((t) => t.error !== '')?.error;
}
