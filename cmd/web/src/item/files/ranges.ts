/** The longest list of files that one entry of a request may have. */
const longest = 60_000;

/**
 * indexLists writes file indices the way the API reads them: `0,3-5`. Indices that
 * follow each other become a range. A list that would be too long for one entry is
 * cut into several.
 */
export function indexLists(indices: readonly number[], most = longest): string[] {
  const sorted = [...indices].sort((a, b) => a - b);
  const lists: string[] = [];
  let list = '';
  for (let i = 0; i < sorted.length; ) {
    const first = sorted[i] as number;
    let last = first;
    for (i++; i < sorted.length && (sorted[i] as number) <= last + 1; i++) {
      last = sorted[i] as number;
    }
    const part = first === last ? String(first) : `${first}-${last}`;
    if (list !== '' && list.length + 1 + part.length > most) {
      lists.push(list);
      list = '';
    }
    list = list === '' ? part : `${list},${part}`;
  }
  return list === '' ? lists : [...lists, list];
}
