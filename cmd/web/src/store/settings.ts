import type { Settings } from '../api/types';
import { Cell, useCell } from './cell';

/** settings are what the daemon goes by; undefined until they are loaded. */
export const settings = new Cell<Settings | undefined>(undefined);

/** takeSettings keeps the newest: an answer may come after an event that is newer. */
export function takeSettings(s: Settings): void {
  const was = settings.get();
  if (!was || s.revision >= was.revision) settings.set(s);
}

export const useSettings = (): Settings | undefined => useCell(settings);
