/** The most that the daemon takes of one label. */
export const labelLength = 100;

/** How a label stands among several torrents. */
export type Has = 'all' | 'some' | 'none';

/** Which of the known labels the torrents have. */
export function labelStates(of: readonly (readonly string[])[], known: readonly string[]): Map<string, Has> {
  const names = [...new Set([...known, ...of.flat()])].filter((l) => l !== '').sort((a, b) => a.localeCompare(b));
  const has = (l: string): Has => {
    const n = of.filter((labels) => labels.includes(l)).length;
    return n === 0 ? 'none' : n === of.length ? 'all' : 'some';
  };
  return new Map(names.map((l) => [l, has(l)]));
}

/** A torrent's labels after the changes: true adds, false takes away, what is not named stays. */
export function changedLabels(labels: readonly string[], changes: ReadonlyMap<string, boolean>): string[] {
  const kept = labels.filter((l) => changes.get(l) !== false);
  const added = [...changes].filter(([l, on]) => on && !labels.includes(l)).map(([l]) => l);
  return [...kept, ...added];
}

/** Torrents that will have the same labels, together: one request for each group. */
export function labelGroups(
  rows: readonly { id: string; labels: readonly string[] }[],
  changes: ReadonlyMap<string, boolean>,
): { ids: string[]; labels: string[] }[] {
  const groups = new Map<string, { ids: string[]; labels: string[] }>();
  for (const r of rows) {
    const labels = changedLabels(r.labels, changes);
    if (labels.join('\n') === r.labels.join('\n')) continue;
    const key = labels.join('\n');
    const group = groups.get(key) ?? { ids: [], labels };
    group.ids.push(r.id);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Labels as somebody types them, with commas between. */
export function typedLabels(text: string): string[] {
  return [...new Set(text.split(',').map((l) => l.trim().slice(0, labelLength)))].filter((l) => l !== '');
}
