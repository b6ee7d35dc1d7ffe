import { expect, test } from 'vitest';
import { torrent } from '../testing';
import { factsOf } from './facts';

const labels = (is: Parameters<typeof torrent>[0]): string[] => factsOf(torrent(is)).flatMap((g) => g.facts.map((f) => f.label));

test('what nobody knows is left out', () => {
  const of = labels({ pieces: 0 });
  expect(of).not.toContain('Size');
  expect(of).not.toContain('Completed');
  expect(of).not.toContain('Own limits');
});

test('what is known is there', () => {
  const of = labels({ completed: '2026-01-01T00:00:00Z', created_by: 'gotor', limits: { max_down: 1, max_up: 0 } });
  expect(of).toEqual(expect.arrayContaining(['Completed', 'Made with', 'Own limits', 'Size', 'Added']));
});

test('a swarm that nobody has counted', () => {
  const seeders = factsOf(torrent()).flatMap((g) => g.facts).find((f) => f.label === 'Seeders');
  expect(seeders?.text).toBe('not known');
});
