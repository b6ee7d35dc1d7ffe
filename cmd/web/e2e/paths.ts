import { fileURLToPath } from 'node:url';

const below = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** root is the folder of the Go module. */
export const root = below('../../..');
/** out is where everything goes that tests make; it is not committed. */
export const out = below('out');
/** binary is the program under test. */
export const binary = below('out/bin/gotor');
/** libtorrentSeed is a seed that is another program. */
export const libtorrentSeed = below('../../testdata/lt_seed.py');
