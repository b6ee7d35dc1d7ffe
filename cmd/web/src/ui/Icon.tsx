/** Shapes on a grid of 16, drawn by lines. */
const shapes = {
  add: 'M8 3v10M3 8h10',
  remove: 'M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.8 7v3.8M9.2 7v3.8',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  start: 'M5 3.2v9.6L12.5 8z',
  check: 'M3 8.5 6.5 12 13 4.5',
  close: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3 14 14',
  settings: 'M2.5 5h6M11.5 5h2M10 3.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2zM2.5 11h2M7.5 11h6M6 9.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2z',
  activity: 'M1.5 8.5h3l2-5.5 3 10 2-4.5h3',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  down: 'M8 3v9.5M4 8.8l4 4 4-4',
  up: 'M8 13V3.5M4 7.2l4-4 4 4',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  right: 'M6 3.5 10.5 8 6 12.5',
  expand: 'M3.5 6 8 10.5 12.5 6',
  folder: 'M2 12.5v-9h4.2l1.5 1.8H14v7.2z',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  move: 'M2 12.5v-9h4.2l1.5 1.8H14v7.2zM6 9h4.5M8.7 7.2 10.5 9l-1.8 1.8',
  label: 'M2.5 2.5h5.2l5.8 5.8-5.2 5.2-5.8-5.8zM5.3 5.3h.01',
  limit: 'M2.5 12a5.8 5.8 0 1 1 11 0M8 10.5l2.6-4',
  play: 'M5 3.2v9.6L12.5 8z',
  save: 'M8 2.5v7M5 6.8l3 3 3-3M3 12.8h10',
  link: 'M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2-2a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.2 6.8a2.6 2.6 0 0 0-3.7 0l-2 2a2.6 2.6 0 0 0 3.7 3.7l.9-.9',
  warn: 'M8 2.5 14.3 13.5H1.7zM8 6.5v3.2M8 11.6h.01',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.2v3.6M8 5.1h.01',
  retry: 'M13 8a5 5 0 1 1-1.6-3.7M13.2 2.2v2.9h-2.9',
  pin: 'M8 9.5V14M5 2.5h6M6 2.5v4L4.2 9.5h7.6L10 6.5v-4',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  keyboard: 'M1.8 4h12.4v8H1.8zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M4.5 9.5h7',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.3 1.4',
  disk: 'M2 9.5h12v3.5H2zM2 9.5 4 3h8l2 6.5M11.5 11.3h.01',
  peers: 'M5.7 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.5 13c0-2.3 1.8-3.8 4.2-3.8S9.9 10.7 9.9 13M10.6 7.3a2 2 0 1 0-.6-3.9M12 9.5c1.5.5 2.5 1.7 2.5 3.5',
  globe: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c3.3 3.3 3.3 8.7 0 12M8 2c-3.3 3.3-3.3 8.7 0 12',
} as const;

export type IconName = keyof typeof shapes;

/** Icon is a picture that says nothing by itself: what it stands for has a name of its
 *  own. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  const filled = name === 'start' || name === 'play';
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false" fill={filled ? 'currentColor' : 'none'} stroke="currentColor" strokeWidth={name === 'more' ? 2.4 : 1.5} strokeLinecap="round" strokeLinejoin="round">
      <path d={shapes[name]} />
    </svg>
  );
}
