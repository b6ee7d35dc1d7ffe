/** step is the place that an arrow, home or end leads to, in a line of n that goes round;
 *  undefined: the key is another one. at may be -1: nothing has the focus yet. */
export function step(key: string, at: number, n: number, [back, on] = ['ArrowUp', 'ArrowDown']): number | undefined {
  if (n === 0) return undefined;
  switch (key) {
    case on:
      return (at + 1) % n;
    case back:
      return at <= 0 ? n - 1 : at - 1;
    case 'Home':
      return 0;
    case 'End':
      return n - 1;
  }
  return undefined;
}
