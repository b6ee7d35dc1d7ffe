import { rate } from '../ui/format';

/** speed is a rate in a sentence, where nothing is a number, too. */
export function speed(n: number): string {
  return rate(n) || '0 B/s';
}
