import { api, must } from '../../api/client';
import { explain, toProblem } from '../../api/problem';
import { serverNow } from '../../store/link';
import { notify } from '../../store/notices';
import { takeSettings } from '../../store/settings';

/** For how long other limits may hold, in seconds. */
export const spans = [
  { text: '30 minutes', seconds: 1800 },
  { text: '1 hour', seconds: 3600 },
  { text: '4 hours', seconds: 4 * 3600 },
  { text: '12 hours', seconds: 12 * 3600 },
] as const;

/** Limits in bytes per second, 0 is none, that pass settings and schedule for a while. */
export interface Override {
  max_down: number;
  max_up: number;
  seconds: number;
}

/** Sets the override, or ends it. What the daemon says against it is a notice. */
export async function setOverride(o: Override | null): Promise<void> {
  // By the daemon's clock: ours may be wrong by more than the span.
  const override = o && { max_down: o.max_down, max_up: o.max_up, until: new Date(serverNow() + o.seconds * 1000).toISOString() };
  try {
    takeSettings(must(await api.PATCH('/settings', { body: { override } })));
  } catch (e) {
    const problem = toProblem(e);
    const { title, hint, retry } = explain(problem);
    notify({
      kind: 'bad',
      text: `The limits stay as they were. ${title}`,
      detail: problem.detail || hint,
      action: retry ? { label: 'Try again', run: () => void setOverride(o) } : undefined,
    });
  }
}
