import { describe, expect, it } from 'vitest';
import { everything, viewFromHash, viewToHash, type View } from './view';

describe('the view in an address', () => {
  const all: View = {
    states: ['failed', 'seeding'],
    labels: ['', 'a&b=c#d', 'linux iso'],
    trackers: ['tracker.example:80'],
    dirs: ['/data/Ünder score'],
    q: 'two words',
    sort: [
      { key: 'ratio', desc: true },
      { key: 'name', desc: false },
    ],
  };

  it('comes back as it was', () => {
    expect(viewFromHash(viewToHash(all))).toEqual(all);
  });

  it('is nothing for everything', () => {
    expect(viewToHash(everything)).toBe('');
    expect(viewFromHash('')).toEqual(everything);
  });

  it('is the same whatever the order in which filters were chosen', () => {
    expect(viewToHash({ ...all, states: ['seeding', 'failed'] })).toBe(viewToHash(all));
  });

  it('takes nothing foolish', () => {
    const v = viewFromHash(`sort=,--,%3Cb%3E&q=${'x'.repeat(5000)}&` + Array.from({ length: 200 }, (_, i) => `label=l${i}`).join('&'));
    expect(v.sort).toEqual(everything.sort);
    expect(v.q).toHaveLength(1024);
    expect(v.labels).toHaveLength(64);
  });
});
