/** Random is a generator with a seed: the same world each time. */
export interface Random {
  /** below is a whole number from 0 up to n, n left out. */
  below(n: number): number;
  /** one is a number from 0 up to 1, 1 left out. */
  one(): number;
  pick<T>(from: readonly T[]): T;
}

export function random(seed: number): Random {
  let x = seed >>> 0;
  const one = () => { // mulberry32
    x = (x + 0x6d2b79f5) >>> 0;
    let t = Math.imul(x ^ (x >>> 15), x | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    one,
    below: (n) => Math.floor(one() * n),
    pick: (from) => from[Math.floor(one() * from.length)]!,
  };
}
