import { describe, expect, it } from 'vitest';
import { EventParser } from './parser';

const text = ['retry: 3000', '', 'event: hello', 'id: 7', 'data: {"a":1}', '', ':', '', 'event: rows', 'data: one', 'data: two', '', 'data:bare', '', ''].join('\n');
const want = [
  { event: 'hello', id: '7', data: '{"a":1}' },
  { event: 'rows', data: 'one\ntwo' },
  { event: 'message', data: 'bare' },
];

describe('EventParser', () => {
  it('reads events however the text is cut', () => {
    for (let cut = 1; cut <= text.length; cut++) {
      const p = new EventParser();
      const got = [];
      for (let i = 0; i < text.length; i += cut) got.push(...p.push(text.slice(i, i + cut)));
      expect(got, `pieces of ${cut}`).toEqual(want);
      expect(p.retry).toBe(3000);
    }
  });

  it('reads lines that end in CRLF', () => {
    expect(new EventParser().push(text.replaceAll('\n', '\r\n'))).toEqual(want);
  });

  it('keeps what is not finished', () => {
    const p = new EventParser();
    expect(p.push('data: x\n')).toEqual([]);
    expect(p.push('\n')).toEqual([{ event: 'message', data: 'x' }]);
  });

  it('takes no id with a NUL, and no event without data', () => {
    expect(new EventParser().push('id: a\0b\ndata: x\n\nevent: lonely\n\n')).toEqual([{ event: 'message', data: 'x' }]);
  });

  it('gives up what never ends', () => {
    const p = new EventParser();
    const much = 'data: ' + 'x'.repeat(9 << 20);
    p.push(much);
    expect(() => p.push(much)).toThrow('too long');
    const q = new EventParser();
    q.push(much + '\n');
    expect(() => q.push(much + '\n')).toThrow('too long');
  });
});
