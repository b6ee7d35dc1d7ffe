import { span } from '../ui/format';

/** moment says when something was or will be, from now on: `in 40 s`, `3 m ago`. Both are in milliseconds. */
export function moment(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000);
  if (Number.isNaN(seconds)) return '–';
  if (seconds === 0) return 'now';
  return seconds > 0 ? `in ${span(seconds)}` : `${span(-seconds)} ago`;
}
