import type { CellKind, View } from './paint';

/** What the colours of the picture stand for. */
export const legend: Readonly<Record<View, readonly (readonly [CellKind, string])[]>> = {
  state: [
    ['have', 'here'],
    ['partial', 'being fetched'],
    ['wanted', 'wanted'],
    ['nobody', 'wanted, nobody has it'],
    ['unwanted', 'not wanted'],
  ],
  availability: [
    ['peers', 'more peers, stronger'],
    ['nobody', 'nobody has it'],
    ['unwanted', 'only we have it'],
  ],
};
