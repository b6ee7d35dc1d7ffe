/** As many tiers as the API takes, and bytes of one URL. */
const mostTiers = 100;
const longest = 4096;

/** What stands where the daemon does not show a secret. */
const hidden = '***';

/** tiersToText writes tiers for editing: a URL a line, an empty line between tiers. */
export function tiersToText(trackers: readonly { url: string; tier: number }[]): string {
  const tiers = new Map<number, string[]>();
  for (const t of trackers) {
    tiers.set(t.tier, [...(tiers.get(t.tier) ?? []), t.url]);
  }
  return [...tiers.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, urls]) => urls.join('\n'))
    .join('\n\n');
}

export interface Read<T> {
  value: T;
  /** What is wrong, a line of text each; empty: nothing. */
  wrong: string[];
}

/** textToTiers reads what tiersToText wrote, and what a user made of it. */
export function textToTiers(text: string): Read<string[][]> {
  const seen = new Set<string>();
  const wrong: string[] = [];
  const tiers: string[][] = [[]];
  text.split(/\r?\n/).forEach((raw, i) => {
    const line = raw.trim();
    if (line === '') {
      tiers.push([]);
      return;
    }
    const why = badURL(line, ['http:', 'https:', 'udp:']);
    if (why !== '') {
      wrong.push(`line ${i + 1}: ${why}`);
    } else if (!seen.has(line)) {
      seen.add(line);
      tiers.at(-1)?.push(line);
    }
  });
  const value = tiers.filter((tier) => tier.length > 0);
  if (value.length > mostTiers) {
    wrong.push(`there are ${value.length} tiers, and at most ${mostTiers} are taken`);
  }
  return { value, wrong };
}

/** textToURLs reads web seeds: a URL a line. */
export function textToURLs(text: string): Read<string[]> {
  const wrong: string[] = [];
  const value = new Set<string>();
  text.split(/\r?\n/).forEach((raw, i) => {
    const line = raw.trim();
    const why = line === '' ? '' : badURL(line, ['http:', 'https:']);
    if (why !== '') {
      wrong.push(`line ${i + 1}: ${why}`);
    } else if (line !== '') {
      value.add(line);
    }
  });
  if (value.size > 100) {
    wrong.push(`there are ${value.size} addresses, and at most 100 are taken`);
  }
  return { value: [...value], wrong };
}

function badURL(text: string, schemes: readonly string[]): string {
  if (text.length > longest) {
    return `the address is longer than ${longest} characters`;
  }
  if (text.includes(hidden)) {
    return `a secret is hidden here (${hidden}): type it in`;
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const names = schemes.map((s) => s.slice(0, -1)).join(', ');
  return url && schemes.includes(url.protocol) && url.host !== '' ? '' : `this is not an address that begins with ${names}`;
}
