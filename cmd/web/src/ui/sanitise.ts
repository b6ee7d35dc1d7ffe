// Names come from strangers: a torrent, a tracker or a peer chose them. They are shown as
// text, never as HTML; these functions keep them from pretending to be something else.

/** The longest text that is shown; the daemon's own names are below 255 bytes. */
const longest = 1000;

/** What has no shape of its own and changes how others are read: control characters,
 *  marks of direction, invisible joiners and fillers. */
 
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]/g;

/** plain makes what is unseen seen, as its code point in a sign that no font hides, and
 *  bounds the length. */
export function plain(s: string): string {
  const short = s.length > longest ? s.slice(0, longest) + '…' : s;
  return short.replace(unseen, (c) => `⟨${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}⟩`);
}
