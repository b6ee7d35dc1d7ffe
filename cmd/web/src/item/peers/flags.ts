/** What the letters of a peer's flags mean, as the API describes them. */
const meanings: Readonly<Record<string, string>> = {
  D: 'we download from it',
  d: 'we want data, and it does not let us yet',
  U: 'it downloads from us',
  u: 'it wants data, and we do not let it yet',
  K: 'it lets us download, and we want nothing',
  '?': 'we would let it download, and it wants nothing',
  S: 'it owes us data that does not come',
  O: 'we let it download to try it out',
  I: 'it connected to us',
};

/** explainFlags says what each letter of a peer's flags means; unknown ones are left out. */
export function explainFlags(flags: string): string[] {
  return [...flags].flatMap((f) => {
    const meaning = Object.hasOwn(meanings, f) ? meanings[f] : undefined;
    return meaning === undefined ? [] : [`${f}: ${meaning}`];
  });
}

/** All letters and what they mean, for a legend. */
export const allFlags: readonly (readonly [string, string])[] = Object.entries(meanings);
