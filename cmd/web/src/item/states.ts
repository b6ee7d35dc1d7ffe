import type { State } from '../api/types';
import type { Tone } from '../ui/Progress';

const tones: Readonly<Record<State, Tone>> = {
  metadata: 'info',
  queued: 'idle',
  checking: 'info',
  downloading: 'accent',
  stalled: 'warn',
  finishing: 'accent',
  seeding: 'good',
  moving: 'info',
  paused: 'idle',
  completed: 'good',
  failed: 'bad',
};

/** toneOf is how a state looks. */
export function toneOf(state: State): Tone {
  return tones[state];
}
