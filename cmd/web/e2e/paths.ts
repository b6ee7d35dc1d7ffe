import { fileURLToPath } from 'node:url';

const below = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** root is the folder of the Go module. */
export const root = below('../../..');
/** out is where everything goes that tests make; it is not committed. */
export const out = below('out');
/** binary is the program under test: GOTOR names one that is there already, else build makes it. */
export const binary = process.env.GOTOR ?? below('out/bin/gotor');
/** pictures is where screens are kept as they looked. */
export const pictures = below('out/pictures');
/** libtorrentSeed is a seed that is another program. */
export const libtorrentSeed = below('../../testdata/lt_seed.py');
