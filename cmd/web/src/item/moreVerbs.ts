import { act } from '../api/actions';
import { go } from '../app/route';
import type { MenuItem } from '../ui/Menu';
import { copyOrSay } from './copy';
import type { Torrent } from '../api/types';
import { toTab } from './tabs';

/** moreVerbs are the actions of a torrent that have no button of their own. */
export function moreVerbs(t: Torrent, remove: () => void): MenuItem[] {
  return [
    { label: 'Start now, past the queue', icon: 'start', run: () => void act.start([t.id], true), disabled: t.state !== 'queued' && !t.paused },
    { label: 'Check files', icon: 'check', run: () => void act.check([t.id]) },
    { label: 'Announce to trackers', icon: 'globe', run: () => void act.announce([t.id]) },
    'line',
    { label: 'Limits, labels, folder', icon: 'settings', run: () => go(toTab(t.id, 'settings')) },
    { label: 'Copy magnet link', icon: 'copy', run: () => void copyOrSay(t.magnet, 'magnet link') },
    { label: 'Copy info-hash', icon: 'copy', run: () => void copyOrSay(t.id, 'info-hash') },
    { label: 'Save .torrent', icon: 'save', run: () => saveTorrent(t.id), disabled: t.pieces === 0 },
    'line',
    { label: 'Remove', icon: 'remove', bad: true, run: remove },
  ];
}

/** saveTorrent has the browser save the .torrent. */
function saveTorrent(id: string): void {
  const a = document.createElement('a');
  a.href = new URL(`api/v1/torrents/${id}/metainfo`, document.baseURI).href;
  a.download = '';
  a.click();
}
