import { useMemo } from 'react';
import { useSettings } from '../../store/settings';
import { useStats } from '../../store/stats';
import type { Torrent } from '../../api/types';
import type { Around } from './says';

/** useAround is what the daemon's settings and figures say that bears on one torrent. */
export function useAround(t: Torrent, trackerError?: string): Around {
  const settings = useSettings();
  const stats = useStats();
  const disk = stats?.disks.filter((d) => t.dir === d.dir || t.dir.startsWith(`${d.dir.replace(/[\\/]$/, '')}/`)).sort((a, b) => b.dir.length - a.dir.length)[0];
  const free = disk?.free;
  const limits = stats?.limits;
  return useMemo(() => {
    const a: Around = {};
    if (settings) {
      a.maxDownloads = settings.queue.max_downloads.value;
      a.maxSeeds = settings.queue.max_seeds.value;
      a.seedMode = settings.seed.mode.value;
      a.seedRatio = settings.seed.ratio.value;
      a.seedTime = settings.seed.time.value;
      a.dht = settings.dht.value;
    }
    if (limits) {
      a.maxDown = limits.max_down;
      a.maxUp = limits.max_up;
    }
    if (free !== undefined) {
      a.free = free;
    }
    if (trackerError !== undefined) {
      a.trackerError = trackerError;
    }
    return a;
  }, [settings, limits, free, trackerError]);
}
