import type { Daemon } from './daemon';
import { wav } from './media';
import type { Payload } from './swarm';
import type { Lab } from './test';

/** Showcase is a daemon with torrents in many states, for looking at screens. */
export interface Showcase {
  daemon: Daemon;
  /** whole is one that is here, with folders. */
  whole: Payload;
  /** under is one that is being downloaded, slowly. */
  under: Payload;
  /** fresh is one that the daemon does not know. */
  fresh: Payload;
}

export async function showcase(lab: Lab): Promise<Showcase> {
  const daemon = await lab.daemon('--max-downloads', '2');
  const whole = lab.payload('Concert for the Open Air (2024)', {
    'Disc 1/01 Overture.wav': wav(20), 'Disc 1/02 Nocturne.wav': wav(30), 'Disc 2/01 Finale.wav': wav(40), 'Booklet.pdf': 340_000,
  });
  const under = lab.payload('debian-13.1.0-amd64-netinst.iso', { 'debian-13.1.0-amd64-netinst.iso': 14_000_000, 'SHA256SUMS': 900 });
  const waits = lab.payload('A very long name of a torrent that somebody thought would say all that there is to say about it, in one line, with years (1998-2024) and more', { 'a.bin': 700_000 });
  const paused = lab.payload('Field recordings, winter', { 'a.flac': 500_000 });
  const fresh = lab.payload('Photographs of the archive', { 'album/1.jpg': 80_000, 'album/2.jpg': 90_000, 'read me.txt': 700 });
  await lab.seed(whole);
  await lab.seed(under, 150_000);
  daemon.ctl('add', '--label', 'music', whole.torrent);
  daemon.ctl('add', '--label', 'linux', '--sequential', under.torrent);
  daemon.ctl('add', '--label', 'music', '--label', 'field', '--paused', paused.torrent);
  daemon.ctl('add', waits.torrent);
  // A name that would be more than a name, in markup and in the direction of writing.
  daemon.ctl('add', `magnet:?xt=urn:btih:${'a'.repeat(40)}&dn=${encodeURIComponent('<b>bold</b> and \u202Egnp.exe')}`);
  return { daemon, whole, under, fresh };
}
