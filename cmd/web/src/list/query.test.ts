import { describe, expect, it } from 'vitest';
import { everything } from '../store/view';
import { defaultLayout, toggleColumn } from './layout';
import { keepQuery, keptQuery, layoutOf, queryOf } from './query';

const kept = () => {
  const map = new Map<string, string>();
  return { getItem: (k: string) => map.get(k) ?? null, setItem: (k: string, v: string) => void map.set(k, v) };
};

describe('the query of a list', () => {
  it('is empty when all is usual', () => {
    expect(queryOf(everything, defaultLayout)).toBe('');
  });

  it('has the columns, and reads them again', () => {
    const l = toggleColumn(defaultLayout, 'eta');
    const q = queryOf({ ...everything, states: ['failed'] }, l);
    expect(q).toBe('state=failed&cols=name,state,progress,size,down_rate,up_rate,ratio,peers,added');
    expect(layoutOf(q)).toEqual(l);
  });

  it('is kept without its filters', () => {
    const s = kept();
    keepQuery(s, 'state=failed&q=x&label=tv&sort=-size&cols=name,size');
    expect(keptQuery(s)).toBe('sort=-size&cols=name,size');
  });

  it('is the usual one where nothing can be kept', () => {
    const none = {
      getItem: () => {
        throw new Error('forbidden');
      },
      setItem: () => {
        throw new Error('forbidden');
      },
    };
    expect(() => {
      keepQuery(none, 'sort=-size');
    }).not.toThrow();
    expect(keptQuery(none)).toBe('');
  });
});
