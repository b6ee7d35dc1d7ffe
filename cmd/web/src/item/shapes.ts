// The shapes of the API that the item's tabs show, under short names.
import type { components } from '../api/schema';

type Schemas = components['schemas'];

export type Torrent = Schemas['Torrent'];
export type TorrentFile = Schemas['TorrentFile'];
export type FilePage = Schemas['FilePage'];
export type Peer = Schemas['TorrentPeer'];
export type Tracker = Schemas['TorrentTracker'];
export type WebSeed = Schemas['WebSeed'];
export type PiecesBody = Schemas['PiecesBody'];
export type Bucket = Schemas['Bucket'];
export type Run = Schemas['Run'];
export type PartialPiece = Schemas['PartialPiece'];
export type SeedGoal = Schemas['SeedGoal'];
export type Priority = TorrentFile['priority'];
