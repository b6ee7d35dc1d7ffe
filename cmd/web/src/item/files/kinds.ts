/** What a browser can do with a file by its name: the types that the daemon shows inline. */
export type Kind = 'video' | 'audio' | 'picture';

const kinds: Readonly<Record<Kind, readonly string[]>> = {
  video: ['mp4', 'm4v', 'webm', 'mkv', 'mov', 'avi', 'ogv', 'mpg', 'mpeg', 'ts', 'm2ts'],
  audio: ['mp3', 'm4a', 'm4b', 'aac', 'flac', 'ogg', 'oga', 'opus', 'wav'],
  picture: ['jpg', 'jpeg', 'png', 'gif', 'webp', 'avif', 'bmp'],
};

const byExtension = new Map<string, Kind>(
  (Object.keys(kinds) as Kind[]).flatMap((kind) => kinds[kind].map((extension): [string, Kind] => [extension, kind])),
);

/** kindOf is how a file can be shown, or nothing if it can only be saved. */
export function kindOf(path: string): Kind | undefined {
  const dot = path.lastIndexOf('.');
  return dot < 0 ? undefined : byExtension.get(path.slice(dot + 1).toLowerCase());
}
