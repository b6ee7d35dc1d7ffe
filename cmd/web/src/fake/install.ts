import { faultsOf, type Fault } from './faults';
import { answer } from './routes';
import { World } from './world';

/** Fake is a made-up daemon in the place of the network. */
export interface Fake {
  world: World;
  /** faults can be changed at any time. */
  faults: Set<Fault>;
  /** uninstall gives the network back. */
  uninstall: () => void;
}

/**
 * install answers what is asked below base in the place of the daemon, and has time go
 * on. Everything else goes where it went.
 */
export function install(base: URL, query = '', count = 2000): Fake {
  const faults = faultsOf(query);
  const world = new World(faults.has('empty') ? 0 : count);
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith(base.href)) return real(input, init);
    if (faults.has('slow')) await new Promise((done) => setTimeout(done, 2000));
    if (faults.has('offline')) throw new TypeError('Failed to fetch');
    return answer(world, faults, request, base);
  };
  const clock = setInterval(() => { world.step(1); }, 1000);
  return { world, faults, uninstall: () => { clearInterval(clock); globalThis.fetch = real; } };
}
