import { describe, expect, it } from 'vitest';
import { readViews, withView, writeViews } from './saved';

function storage(text: string | null) {
  const kept = { text };
  return {
    getItem: () => kept.text,
    setItem: (_: string, v: string) => {
      kept.text = v;
    },
  };
}

describe('saved views', () => {
  it('come back as they were written', () => {
    const s = storage(null);
    writeViews(s, [{ name: 'Big', query: 'sort=-size' }]);
    expect(readViews(s)).toEqual([{ name: 'Big', query: 'sort=-size' }]);
  });

  it.each([
    [null, 0],
    ['', 0],
    ['{', 0],
    ['{}', 0],
    ['[1,null,{"name":1,"query":""},{"name":"","query":""}]', 0],
    ['[{"name":"a","query":"q=x"},{"name":"b"}]', 1],
  ])('of %s are %i', (text, n) => {
    expect(readViews(storage(text))).toHaveLength(n);
  });

  it('are replaced by name', () => {
    const one = withView([], 'Big', 'sort=-size');
    expect(withView(one, 'Big', 'sort=size')).toEqual([{ name: 'Big', query: 'sort=size' }]);
    expect(withView(one, 'New', 'sort=-added')).toHaveLength(2);
  });

  it('that cannot be kept do not fail', () => {
    expect(() => {
      writeViews(
        {
          setItem: () => {
            throw new Error('full');
          },
        },
        [],
      );
    }).not.toThrow();
  });
});
