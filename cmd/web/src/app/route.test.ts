// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { go, hrefOf, oneTimeCode, parseRoute, route, type Place } from './route';

const id = 'a'.repeat(40);

describe('addresses', () => {
  it.each<[string, Place]>([
    ['#/', { name: 'list' }],
    [`#/t/${id}/files`, { name: 'item', id, tab: 'files' }],
    [`#/t/${'b'.repeat(64)}/overview`, { name: 'item', id: 'b'.repeat(64), tab: 'overview' }],
    ['#/add', { name: 'add' }],
    ['#/settings', { name: 'settings', section: '' }],
    ['#/settings/queue', { name: 'settings', section: 'queue' }],
    ['#/activity', { name: 'activity' }],
  ])('%s leads there and back', (hash, place) => {
    expect(parseRoute(hash)).toEqual({ ...place, query: '' });
    expect(hrefOf(place, '')).toBe(hash);
    expect(parseRoute(hrefOf(place, 'state=seeding&q=a%20b')).query).toBe('state=seeding&q=a%20b');
  });

  it.each(['', '#', '#nonsense', '#/t/../../x', `#/t/${'A'.repeat(40)}`, '#/t/<script>'])('%s leads to the list', (hash) => {
    expect(parseRoute(hash).name).toBe('list');
  });

  it('opens a torrent at its overview', () => {
    expect(parseRoute(`#/t/${id}/nonsense`)).toMatchObject({ tab: 'overview' });
  });

  it('has a code only where one is', () => {
    expect(oneTimeCode('#code=a-B_9')).toBe('a-B_9');
    expect(oneTimeCode('#/?code=x')).toBeUndefined();
    expect(oneTimeCode('#code=')).toBeUndefined();
    expect(oneTimeCode('')).toBeUndefined();
  });
});

describe('go', () => {
  beforeEach(() => {
    location.hash = '#/?state=seeding';
  });

  it('keeps the view of the list', () => {
    go({ name: 'item', id, tab: 'peers' });
    expect(location.hash).toBe(`#/t/${id}/peers?state=seeding`);
    expect(route()).toMatchObject({ name: 'item', query: 'state=seeding' });
    expect(route()).toBe(route());
  });

  it('takes another view', () => {
    go({ name: 'list' }, { query: '', replace: true });
    expect(route()).toEqual({ name: 'list', query: '' });
  });
});
