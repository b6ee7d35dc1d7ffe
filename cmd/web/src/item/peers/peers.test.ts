import { describe, expect, test } from 'vitest';
import { peer } from '../testing';
import { readAddresses } from './addresses';
import { allFlags, explainFlags } from './flags';
import { sortBy, sortPeers } from './sort';

describe('flags', () => {
  test('each letter is explained', () => {
    expect(explainFlags('DuO')).toEqual(['D: we download from it', 'u: it wants data, and we do not let it yet', 'O: we let it download to try it out']);
    expect(allFlags).toHaveLength(9);
  });
  test('letters of a later version are left out', () => {
    expect(explainFlags('Zc D')).toEqual(['D: we download from it']);
  });
});

describe('sortPeers', () => {
  const peers = [
    peer('10.0.0.9:1', { down_rate: 5 }),
    peer('9.0.0.1:1', { down_rate: 7 }),
    peer('[2001:db8::1]:1', { down_rate: 5 }),
    peer('10.0.0.10:1', { down_rate: 5 }),
  ];
  test('addresses are numbers', () => {
    expect(sortPeers(peers, { key: 'addr', down: false }).map((p) => p.addr)).toEqual(['9.0.0.1:1', '10.0.0.9:1', '10.0.0.10:1', '[2001:db8::1]:1']);
  });
  test('who is alike stays in the order of addresses', () => {
    const up = sortPeers(peers, { key: 'down_rate', down: false }).map((p) => p.addr);
    const again = sortPeers([...peers].reverse(), { key: 'down_rate', down: false }).map((p) => p.addr);
    expect(again).toEqual(up);
    expect(up.at(-1)).toBe('9.0.0.1:1');
  });
  test('a second click turns it round', () => {
    const s = sortBy({ key: 'addr', down: false }, 'up_rate');
    expect(s).toEqual({ key: 'up_rate', down: true });
    expect(sortBy(s, 'up_rate')).toEqual({ key: 'up_rate', down: false });
    expect(sortBy(s, 'client')).toEqual({ key: 'client', down: false });
  });
});

describe('readAddresses', () => {
  test.each([
    ['192.0.2.1:6881', ['192.0.2.1:6881'], []],
    ['192.0.2.1:1,\n [2001:db8::1]:2 ; 192.0.2.1:1', ['192.0.2.1:1', '[2001:db8::1]:2'], []],
    ['192.0.2.1', [], ['192.0.2.1']],
    ['256.0.0.1:1 1.2.3.4:0 1.2.3.4:65536 [::1]', [], ['256.0.0.1:1', '1.2.3.4:0', '1.2.3.4:65536', '[::1]']],
    ['example.org:6881', [], ['example.org:6881']],
    ['[1.2.3.4]:5', [], ['[1.2.3.4]:5']],
    ['', [], []],
  ])('%j', (text, good, bad) => {
    expect(readAddresses(text)).toEqual({ good, bad });
  });
});
