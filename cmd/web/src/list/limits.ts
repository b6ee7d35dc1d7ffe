import type { Settings, Stats } from '../api/types';

type Limits = Pick<Settings, 'max_down' | 'max_up' | 'override'>;

/** Where the limits that hold come from. */
export type LimitSource = 'none' | 'always' | 'schedule' | 'override';

/**
 * Why the limits are what they are. Only the daemon knows its local time: whether a slot of the schedule holds is seen from
 * the limits that it says hold, not from our clock.
 */
export function limitSource(settings: Limits, hold: Stats['limits'], now: number): LimitSource {
  const o = settings.override.value;
  if (o !== null && Date.parse(o.until) > now) return 'override';
  if (hold.max_down !== settings.max_down.value || hold.max_up !== settings.max_up.value) return 'schedule';
  return hold.max_down === 0 && hold.max_up === 0 ? 'none' : 'always';
}
