import type { components } from './schema';

type Schemas = components['schemas'];

export type About = Schemas['About'];
export type Counts = Schemas['Counts'];
export type Failure = Schemas['Failure'];
export type FilePriority = Schemas['FilePriority'];
export type Log = Schemas['Log'];
export type Outcome = Schemas['Outcome'];
export type Patch = Schemas['Patch'];
export type Preview = Schemas['Preview'];
export type ProblemBody = Schemas['Problem'];
export type Removed = Schemas['Removed'];
export type Settings = Schemas['Settings'];
export type SettingsPatch = Schemas['SettingsPatch'];
export type Stats = Schemas['Stats'];
export type Torrent = Schemas['Torrent'];
export type TorrentFile = Schemas['TorrentFile'];
export type TorrentPage = Schemas['TorrentPage'];
export type Peer = Schemas['TorrentPeer'];
export type Tracker = Schemas['TorrentTracker'];
export type WebSeed = Schemas['WebSeed'];
export type FilePage = Schemas['FilePage'];
export type PiecesBody = Schemas['PiecesBody'];
export type Bucket = Schemas['Bucket'];
export type Run = Schemas['Run'];
export type PartialPiece = Schemas['PartialPiece'];
export type SeedGoal = Schemas['SeedGoal'];
export type State = Torrent['state'];
export type Priority = TorrentFile['priority'];

// What the stream sends is not in the description of the API; these are its shapes.

export interface Hello {
  server_id: string;
  revision: number;
  now: string;
}

/** What has changed in the list. `removed` comes first: a torrent may be there again. */
export interface RowsEvent {
  revision: number;
  rows: (Partial<Torrent> & { id: string })[];
  removed: string[];
  counts?: Counts;
}

/** Changed keys only. */
export type StatsEvent = Partial<Omit<Stats, 'now' | 'started' | 'history'>>;

export interface Milestone {
  id: string;
  what: 'added' | 'metadata' | 'checked' | 'completed' | 'failed' | 'moved' | 'removed';
  name: string;
  at: string;
}

/** What has changed in the peers or files of a torrent. The first after a hello is whole. */
export interface EntriesEvent<T> {
  id: string;
  entries: Partial<T>[];
  removed: string[];
}

/** What is absent is as it was. The bitfields are base64, the first piece the highest bit. */
export interface PiecesEvent {
  id: string;
  count: number;
  have?: string;
  got?: number[];
  unwanted?: string;
  partial?: Schemas['PartialPiece'][];
  availability?: Schemas['Run'][];
}
