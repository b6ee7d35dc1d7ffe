/** A torrent that a text names. */
export interface Source {
  kind: 'magnet' | 'hash' | 'url';
  /** As the daemon takes it. */
  source: string;
  /** What it may be called until it is known; text of a stranger. */
  label: string;
}

export interface Parsed {
  sources: Source[];
  /** Words that look as if they were meant, and are none: at most a few, shortened. */
  strange: string[];
  /** There was more than is taken at once. */
  more: boolean;
}

/** What is taken of one paste: a text comes from anywhere. */
export const bounds = { text: 1 << 20, sources: 200, source: 65_536, strange: 5, shown: 80 } as const;

const hex = /^(?:[0-9a-f]{40}|[0-9a-f]{64}|1220[0-9a-f]{64})$/i;
const base32 = /^[a-z2-7]{32}$/i;
/** How a magnet link names a torrent: v1, v2, or both. */
const topic = /^urn:(?:btih:(?:[0-9a-f]{40}|[a-z2-7]{32})|btmh:1220[0-9a-f]{64})$/i;

/** parseSources takes a text apart: links and hashes in lines, in lists, between words of
 *  a page or in its HTML. The same torrent twice is one. */
export function parseSources(text: string): Parsed {
  const out: Parsed = { sources: [], strange: [], more: text.length > bounds.text };
  const seen = new Set<string>();
  for (const word of words(text.slice(0, bounds.text))) {
    const s = sourceOf(word);
    if (s === undefined) {
      if (meant(word) && out.strange.length < bounds.strange) out.strange.push(word.slice(0, bounds.shown));
      continue;
    }
    const key = identity(s);
    if (seen.has(key)) continue;
    if (out.sources.length === bounds.sources) {
      out.more = true;
      break;
    }
    seen.add(key);
    out.sources.push(s);
  }
  return out;
}

/** Links end at white space and at what stands around them; one that begins in the middle
 *  of a word begins a word: href="magnet:... */
function* words(text: string): Generator<string> {
  const parts = text.replaceAll(/&amp;/gi, '&').split(/[\s"'<>`\u00ab\u00bb\u201c\u201d\u2018\u2019]+/);
  for (const part of parts) {
    for (const word of part.split(/(?<=.)(?=magnet:\?)|,(?=magnet:|https?:\/\/|[0-9a-f]{40})/i)) {
      const bare = bareOf(word);
      if (bare !== '') yield bare;
    }
  }
}

/** Signs of a sentence or a list that stand at a link, and are none of it. A bracket at
 *  the end may be one of its own. */
function bareOf(word: string): string {
  let s = word.replace(/^[([{*\-\u2022]+/, '').replace(/[.,;:!?|\\]+$/, '');
  for (const [open, close] of ['()', '[]', '{}']) {
    if (open !== undefined && close !== undefined && s.endsWith(close) && !s.includes(open)) s = s.slice(0, -1);
  }
  return s;
}

function sourceOf(word: string): Source | undefined {
  if (word.length > bounds.source) return undefined;
  if (hex.test(word) || base32.test(word)) return { kind: 'hash', source: word, label: word };
  if (topic.test(word)) return { kind: 'magnet', source: `magnet:?xt=${word}`, label: word };
  if (/^magnet:\?/i.test(word)) return magnet(word);
  if (/^https?:\/\//i.test(word)) return address(word);
  return undefined;
}

function magnet(word: string): Source | undefined {
  const q = new URLSearchParams(word.slice('magnet:?'.length));
  const names = [...q].filter(([k]) => /^xt(\.\d+)?$/i.test(k)).map(([, v]) => v);
  const xt = names.find((v) => topic.test(v));
  if (xt === undefined) return undefined;
  return { kind: 'magnet', source: word, label: q.get('dn')?.trim() || xt.replace(/^urn:bt[im]h:/i, '') };
}

function address(word: string): Source | undefined {
  if (!URL.canParse(word)) return undefined;
  const u = new URL(word);
  const last = u.pathname.split('/').filter(Boolean).at(-1) ?? '';
  return { kind: 'url', source: word, label: last === '' ? u.host : `${decoded(last)} (${u.host})` };
}

function decoded(s: string): string {
  try {
    return decodeURIComponent(s);
  } catch {
    return s; // a % that stands for itself
  }
}

/** identity is the same for what names the same torrent, so far as a text can say. */
function identity(s: Source): string {
  if (s.kind === 'url') return s.source;
  const m = /(?:btih:|^)([0-9a-f]{40}|[a-z2-7]{32})(?![0-9a-z])/i.exec(s.source) ?? /([0-9a-f]{64})/i.exec(s.source);
  return (m?.[1] ?? s.source).toLowerCase();
}

const meant = (word: string): boolean => /^(magnet:|https?:|urn:bt)|^[0-9a-f]{36,}$/i.test(word);
