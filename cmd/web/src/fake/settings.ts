import type { components } from '../api/schema';
import { dirs } from './torrents';

type Settings = components['schemas']['Settings'];
type From = components['schemas']['KnobInt']['from'];

const knob = <T>(value: T, from: From = 'default') => ({ value, from, fixed: from === 'flag' || from === 'environment' });

/** settings are those of the made-up daemon; some are fixed by a flag. */
export function settings(): Settings {
  return {
    revision: 1,
    max_down: knob(0), max_up: knob(5 * 2 ** 20, 'api'),
    schedule: knob([{ days: 'mon-fri', from: '08:00', to: '18:00', max_down: 4 * 2 ** 20, max_up: 2 ** 20 }], 'file'),
    override: knob(null),
    queue: { max_downloads: knob(5), max_seeds: knob(0), max_checks: knob(1, 'flag') },
    seed: { mode: knob('limits', 'file'), ratio: knob(2, 'file'), time: knob(0), idle: knob(0) },
    dir: knob('/srv/data', 'flag'), roots: knob(['/srv/data', '/mnt/archive'], 'flag'),
    watch: knob([{ path: '/srv/watch', labels: ['linux'], dir: dirs[1]!, paused: false, delete: false }], 'flag'),
    dht: knob(true), lsd: knob(true), pex: knob(true), port: knob(6881), max_peers: knob(500), private_urls: knob([]),
  };
}

/** merge is a merge patch (RFC 7396) of settings: a null goes back to the default. */
export function merge(now: Settings, patch: Record<string, unknown>): Settings {
  const fresh = settings();
  const lay = (into: Record<string, unknown>, base: Record<string, unknown>, p: Record<string, unknown>): Record<string, unknown> => {
    const out = { ...into };
    for (const [k, v] of Object.entries(p)) {
      const old = out[k] as { value?: unknown } | undefined;
      if (old === undefined) throw new Error(`unknown key ${k}`);
      if ('value' in old) out[k] = v === null ? base[k] : { ...old, value: v, from: 'api' };
      else out[k] = v === null ? base[k] : lay(old as Record<string, unknown>, base[k] as Record<string, unknown>, v as Record<string, unknown>);
    }
    return out;
  };
  return { ...(lay(now as never, fresh as never, patch) as unknown as Settings), revision: now.revision + 1 };
}
