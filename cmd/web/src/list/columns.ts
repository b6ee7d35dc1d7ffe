import type { Row } from '../store/rows';

/** Columns have the names of the API's keys, so that the sort in an address means the same to both. */
export const columnIds = [
  'name',
  'state',
  'progress',
  'size',
  'down_rate',
  'up_rate',
  'eta',
  'ratio',
  'peers',
  'added',
  'queue',
  'labels',
  'tracker',
  'dir',
  'wanted',
  'verified',
  'downloaded',
  'uploaded',
  'wasted',
  'seeds',
  'known',
  'availability',
  'completed',
  'active',
  'seconds_downloading',
  'seconds_seeding',
  'files',
  'private',
  'id',
] as const satisfies readonly (keyof Row)[];

export type ColumnId = (typeof columnIds)[number];

export interface Column {
  title: string;
  /** In CSS pixels, unless the user has sized it. */
  width: number;
  /** Figures stand at the end, so that their digits line up. */
  end?: true;
  /** The first click sorts descending: the most, or the newest. */
  most?: true;
  /** There is no order that people would expect. */
  unsorted?: true;
}

export const columns: Readonly<Record<ColumnId, Column>> = {
  name: { title: 'Name', width: 290 },
  state: { title: 'State', width: 200 },
  progress: { title: 'Progress', width: 122, most: true },
  size: { title: 'Size', width: 80, end: true, most: true },
  down_rate: { title: 'Down', width: 86, end: true, most: true },
  up_rate: { title: 'Up', width: 86, end: true, most: true },
  eta: { title: 'ETA', width: 84, end: true },
  ratio: { title: 'Ratio', width: 62, end: true, most: true },
  peers: { title: 'Seeds / peers', width: 104, end: true, most: true },
  added: { title: 'Added', width: 92, end: true, most: true },
  queue: { title: 'Place in line', width: 96, end: true },
  labels: { title: 'Labels', width: 140, unsorted: true },
  tracker: { title: 'Tracker', width: 160 },
  dir: { title: 'Folder', width: 180 },
  wanted: { title: 'Selected', width: 88, end: true, most: true },
  verified: { title: 'Verified', width: 88, end: true, most: true },
  downloaded: { title: 'Downloaded', width: 104, end: true, most: true },
  uploaded: { title: 'Uploaded', width: 96, end: true, most: true },
  wasted: { title: 'Wasted', width: 84, end: true, most: true },
  seeds: { title: 'Seeds', width: 72, end: true, most: true },
  known: { title: 'Peers known', width: 104, end: true, most: true },
  availability: { title: 'Availability', width: 104, end: true, most: true },
  completed: { title: 'Completed', width: 112, end: true, most: true },
  active: { title: 'Last active', width: 112, end: true, most: true },
  seconds_downloading: { title: 'Time downloading', width: 136, end: true, most: true },
  seconds_seeding: { title: 'Time seeding', width: 112, end: true, most: true },
  files: { title: 'Files', width: 72, end: true, most: true },
  private: { title: 'Private', width: 80, most: true },
  id: { title: 'Info-hash', width: 320 },
};

export function isColumn(id: string): id is ColumnId {
  return Object.hasOwn(columns, id);
}
