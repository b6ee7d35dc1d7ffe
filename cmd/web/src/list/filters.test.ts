import { describe, expect, it } from 'vitest';
import { chips, filterGroups, onlyFilter, toggleFilter, unfiltered } from './filters';

const view = { states: [], labels: [], trackers: [], dirs: [], q: '', sort: [] };
const counts = {
  state: { seeding: 3, failed: 1, paused: 0 },
  label: { tv: 2, 'disc 10': 1, 'disc 9': 1 },
  tracker: { 'a.example': 4 },
  dir: { '/data': 4 },
};

describe('filterGroups', () => {
  it('shows what there is, failures first', () => {
    const [states, labels] = filterGroups(counts, view);
    expect(states?.items.map((i) => [i.text, i.count])).toEqual([
      ['Failed', 1],
      ['Seeding', 3],
    ]);
    expect(labels?.items.map((i) => i.text)).toEqual(['disc 9', 'disc 10', 'tv']);
  });

  it('keeps a filter that is on, so that it can be left', () => {
    const [states, labels] = filterGroups(counts, { ...view, states: ['moving'], labels: ['gone', ''] });
    expect(states?.items.find((i) => i.value === 'moving')).toMatchObject({ count: 0, on: true });
    expect(labels?.items.filter((i) => i.on).map((i) => i.text)).toEqual(['gone', 'No label']);
  });
});

describe('filters', () => {
  it('one alone is left by the same click', () => {
    const on = onlyFilter({ ...view, states: ['paused', 'failed'] }, 'states', 'paused');
    expect(on.states).toEqual(['paused']);
    expect(onlyFilter(on, 'states', 'paused').states).toEqual([]);
  });

  it('several stand beside each other', () => {
    const two = toggleFilter(toggleFilter(view, 'labels', 'a'), 'labels', 'b');
    expect(two.labels).toEqual(['a', 'b']);
    expect(toggleFilter(two, 'labels', 'a').labels).toEqual(['b']);
  });

  it('are chips, each of which leads to the view without it', () => {
    const v = { ...view, q: ' linux ', states: ['failed', 'seeding'], dirs: ['/data'] };
    expect(chips(v).map((c) => `${c.kind} ${c.text}`)).toEqual(['search linux', 'state Failed', 'state Seeding', 'folder /data']);
    expect(chips(v)[1]?.without.states).toEqual(['seeding']);
    expect(chips(view)).toEqual([]);
  });

  it('are all left at once, and the order stays', () => {
    const sort = [{ key: 'name', desc: true }];
    expect(unfiltered({ ...view, q: 'x', labels: ['a'], sort } as never)).toEqual({ ...view, sort });
  });
});
