import { describe, expect, it } from 'vitest';
import { bounds, parseSources } from './sources';

const v1 = '0123456789abcdef0123456789abcdef01234567';
const other = 'f'.repeat(40);
const v2 = 'ab'.repeat(32);
const link = `magnet:?xt=urn:btih:${v1}&dn=Some+name&tr=http%3A%2F%2Ft.example%2Fannounce`;

describe('parseSources', () => {
  it.each<[string, string, string[]]>([
    ['nothing', '', []],
    ['words only', 'What a nice day, is it not? See chapter 3.', []],
    ['a magnet link', link, [link]],
    ['one with both hashes', `magnet:?xt=urn:btih:${v1}&xt=urn:btmh:1220${v2}`, [`magnet:?xt=urn:btih:${v1}&xt=urn:btmh:1220${v2}`]],
    ['one with numbered topics', `magnet:?xt.1=urn:btih:${v1}`, [`magnet:?xt.1=urn:btih:${v1}`]],
    ['a link in capitals', `MAGNET:?xt=urn:btih:${v1.toUpperCase()}`, [`MAGNET:?xt=urn:btih:${v1.toUpperCase()}`]],
    ['a v1 hash', v1, [v1]],
    ['a v2 hash', v2, [v2]],
    ['a v2 multihash', `1220${v2}`, [`1220${v2}`]],
    ['a base32 hash', 'mfrggzdfmztwq2lkmfrggzdfmztwq2lk', ['mfrggzdfmztwq2lkmfrggzdfmztwq2lk']],
    ['a bare topic', `urn:btih:${v1}`, [`magnet:?xt=urn:btih:${v1}`]],
    ['an address', 'https://x.example/a%20b.torrent', ['https://x.example/a%20b.torrent']],
    ['several lines', `${link}\r\n${other}\n\nhttp://x.example/c.torrent\n`, [link, other, 'http://x.example/c.torrent']],
    ['a list with commas', `${v1},${other}, https://x.example/a,b.torrent`, [v1, other, 'https://x.example/a,b.torrent']],
    ['links without anything between', `${link}magnet:?xt=urn:btih:${other}`, [link, `magnet:?xt=urn:btih:${other}`]],
    ['a sentence', `Get it (https://x.example/a.torrent), or ${v1}.`, ['https://x.example/a.torrent', v1]],
    ['brackets that belong to it', 'https://x.example/a_(b)', ['https://x.example/a_(b)']],
    ['HTML', `<a href="magnet:?xt=urn:btih:${v1}&amp;dn=x">x</a>`, [`magnet:?xt=urn:btih:${v1}&dn=x`]],
    ['a list of points', `- ${v1}\n* ${other}`, [v1, other]],
    ['the same twice', `${v1}\n${link}\nmagnet:?xt=urn:btih:${v1.toUpperCase()}`, [v1]],
    ['other schemes', 'javascript:alert(1) file:///etc/passwd ftp://x.example/a data:text/plain,x', []],
    ['a hash of another length', 'abc123 0123456789abcdef', []],
  ])('%s', (_, text, want) => {
    expect(parseSources(text).sources.map((s) => s.source)).toEqual(want);
  });

  it('names what is meant and is none', () => {
    expect(parseSources(`magnet:?dn=x ${v1.slice(1)} urn:btih:zz http:// word`).strange).toEqual(['magnet:?dn=x', v1.slice(1), 'urn:btih:zz', 'http:/' + '/']);
  });

  it('says what a source may be called', () => {
    const labels = parseSources(`${link} ${other} https://x.example/a%20b.torrent https://y.example/%E0 https://z.example`).sources.map((s) => s.label);
    expect(labels).toEqual(['Some name', other, 'a b.torrent (x.example)', '%E0 (y.example)', 'z.example']);
  });

  it('is bounded', () => {
    const many = Array.from({ length: bounds.sources + 5 }, (_, i) => i.toString(16).padStart(40, '0')).join('\n');
    expect(parseSources(many)).toMatchObject({ more: true, sources: { length: bounds.sources } });
    expect(parseSources(' '.repeat(bounds.text) + v1)).toMatchObject({ more: true, sources: [] });
    expect(parseSources(`https://x.example/${'a'.repeat(bounds.source)}`).strange[0]).toHaveLength(bounds.shown);
    expect(parseSources(`${v1}\n${v1}`).more).toBe(false);
  });

  it('takes hostile text in the time of its length', () => {
    for (const s of ['magnet:?', '(((', '%', 'a'.repeat(39) + ' ', 'magnet:?xt=urn:btih:']) {
      expect(parseSources(s.repeat(Math.floor(bounds.text / s.length))).sources).toEqual([]);
    }
  });
});
