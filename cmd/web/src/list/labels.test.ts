import { describe, expect, it } from 'vitest';
import { changedLabels, labelGroups, labelStates, typedLabels } from './labels';

it('says which labels all, some or none have', () => {
  expect([...labelStates([['tv', 'new'], ['tv']], ['films', 'tv'])]).toEqual([
    ['films', 'none'],
    ['new', 'some'],
    ['tv', 'all'],
  ]);
});

describe('changedLabels', () => {
  it('adds, takes away, and leaves the others', () => {
    const changes = new Map([
      ['tv', false],
      ['films', true],
    ]);
    expect(changedLabels(['tv', 'new'], changes)).toEqual(['new', 'films']);
    expect(changedLabels(['films'], changes)).toEqual(['films']);
  });
});

describe('labelGroups', () => {
  it('puts together whoever gets the same, and leaves out whoever stays the same', () => {
    const rows = [
      { id: '1', labels: ['a'] },
      { id: '2', labels: [] },
      { id: '3', labels: ['b'] },
      { id: '4', labels: [] },
    ];
    expect(labelGroups(rows, new Map([['a', true]]))).toEqual([
      { ids: ['2', '4'], labels: ['a'] },
      { ids: ['3'], labels: ['b', 'a'] },
    ]);
  });
});

it('reads labels with commas', () => {
  expect(typedLabels(' tv, new shows ,,tv')).toEqual(['tv', 'new shows']);
  expect(typedLabels('x'.repeat(300))[0]).toHaveLength(100);
});
