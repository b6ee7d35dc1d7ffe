import { api, must } from '../api/client';
import { explain, toProblem } from '../api/problem';
import type { Settings, SettingsPatch } from '../api/types';
import { notify } from '../store/notices';
import { settings, takeSettings } from '../store/settings';

// How settings are changed: one at a time, at once, with a way back.

interface Knob { value: unknown; from: string; fixed: boolean }

const isKnob = (v: unknown): v is Knob => typeof v === 'object' && v !== null && 'from' in v && 'value' in v;

/** backOf is the patch that takes another one back: a value that was not set here before
 *  goes back to where it came from. */
export function backOf(was: Settings, patch: SettingsPatch): SettingsPatch {
  const walk = (of: Record<string, unknown>, p: Record<string, unknown>): Record<string, unknown> => {
    const out: Record<string, unknown> = {};
    for (const [k, v] of Object.entries(p)) {
      const old = of[k];
      if (isKnob(old)) out[k] = old.from === 'api' ? old.value : null;
      else out[k] = walk((old ?? {}) as Record<string, unknown>, (v ?? {}) as Record<string, unknown>);
    }
    return out;
  };
  return walk({ ...was }, { ...patch });
}

/**
 * change sends a patch, for settings as they are known here: what somebody else has
 * changed in the meantime is not overwritten. It says what came of it, and never throws.
 */
export async function change(what: string, patch: SettingsPatch, undoing = false): Promise<boolean> {
  const was = settings.get();
  if (!was) return false;
  try {
    const now = must(await api.PATCH('/settings', { params: { header: { 'If-Match': `"${was.revision}"` } }, body: patch }));
    takeSettings(now);
    const back = backOf(was, patch);
    notify({
      kind: 'ok',
      text: undoing ? `${what}: as it was` : `${what}: changed`,
      action: undoing ? undefined : { label: 'Undo', run: () => void change(what, back, true) },
    });
    return true;
  } catch (e) {
    const p = toProblem(e);
    if (p.status === 401) return false; // the page asks to sign in
    if (p.status === 412) await reload();
    const said = explain(p);
    notify({ kind: 'bad', text: `${what} was not changed. ${said.title}`, detail: p.detail || said.hint });
    return false;
  }
}

/** reload loads the settings anew: somebody else has changed them. */
async function reload(): Promise<void> {
  try {
    takeSettings(must(await api.GET('/settings')));
  } catch {
    // The stream brings them, or the page says that the daemon does not answer.
  }
}
