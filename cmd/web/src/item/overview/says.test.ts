import { describe, expect, test } from 'vitest';
import { torrent } from '../testing';
import type { Torrent } from '../../api/types';
import { says, type Around } from './says';

const MiB = 1024 * 1024;

interface Case {
  name: string;
  is: Partial<Torrent>;
  around?: Around;
  does: RegExp;
  why?: RegExp;
  first?: string; // remedy
}

const cases: Case[] = [
  { name: 'metadata, nobody, no tracker', is: { state: 'metadata', tracker: '' }, does: /^Looks for/, why: /names no tracker; the DHT is asked/, first: 'trackers' },
  { name: 'metadata, nobody, no tracker, no DHT', is: { state: 'metadata', tracker: '' }, around: { dht: false }, does: /^Looks for/, why: /the DHT is off/ },
  { name: 'metadata, silent addresses', is: { state: 'metadata', known: 7 }, does: /^Looks for/, why: /^7 addresses are known, and none answers/, first: 'announce' },
  { name: 'metadata, one silent address', is: { state: 'metadata', known: 1 }, does: /^Looks for/, why: /^One address is known/ },
  { name: 'metadata, a peer', is: { state: 'metadata', known: 7, peers: 1 }, does: /^Looks for/, why: /^1 peer connected/ },
  { name: 'queued, next', is: { state: 'queued', queue: 0 }, around: { maxDownloads: 3 }, does: /next in line/, why: /^3 may download/, first: 'start-now' },
  { name: 'queued, later', is: { state: 'queued', queue: 4 }, does: /place 5 in line/, why: /^As many as are allowed/ },
  { name: 'queued, complete', is: { state: 'queued', queue: 1, completed: '2026-01-01T00:00:00Z' }, around: { maxSeeds: 9 }, does: /turn to seed: place 2/, why: /^9 may seed/ },
  { name: 'queued, to be checked', is: { state: 'queued' }, does: /turn to be checked/, first: 'start-now' },
  { name: 'checking', is: { state: 'checking', progress: 0.42 }, does: /disk: 42.0/ },
  { name: 'downloading', is: { state: 'downloading', down_rate: MiB, peers: 12, eta: 300 }, does: /^Downloads at .+ from 12 peers; done in 5/ },
  { name: 'downloading, no idea how long', is: { state: 'downloading', down_rate: MiB, peers: 1 }, does: /from 1 peer\.$/ },
  { name: 'downloading from a web seed', is: { state: 'downloading', down_rate: MiB }, does: /^Downloads at [^;]+\/s\.$/ },
  { name: 'held by its limit', is: { state: 'downloading', down_rate: 99, limits: { max_down: 100, max_up: 0 } }, does: /^Downloads/, why: /Its own limit/, first: 'limits' },
  { name: 'held by the limit of all', is: { state: 'downloading', down_rate: 99 }, around: { maxDown: 100 }, does: /^Downloads/, why: /limit of all torrents/ },
  { name: 'far below the limit', is: { state: 'downloading', down_rate: 50 }, around: { maxDown: 100 }, does: /^Downloads/ },
  { name: 'stalled, nobody', is: { state: 'stalled' }, does: /^Waits for data/, why: /^Nobody is known .+ asked again/, first: 'announce' },
  { name: 'stalled, private', is: { state: 'stalled', private: true }, does: /^Waits for data/, why: /It is private/ },
  { name: 'stalled, trackers failed', is: { state: 'stalled' }, around: { trackerError: 'connection refused' }, does: /^Waits for data/, why: /do not answer: connection refused$/, first: 'trackers' },
  { name: 'stalled, silent', is: { state: 'stalled', known: 1200 }, does: /^Waits for data/, why: /1.200 addresses/ },
  { name: 'stalled, parts missing', is: { state: 'stalled', peers: 3, availability: 0.63 }, does: /^Waits/, why: /^You and the 3 connected peers have 63/, first: 'announce' },
  { name: 'stalled, choked', is: { state: 'stalled', peers: 3, seeds: 1, availability: 4.2 }, does: /^Waits/, why: /none sends at the moment/ },
  { name: 'finishing', is: { state: 'finishing' }, does: /verified/ },
  { name: 'seeding, sends', is: { state: 'seeding', up_rate: MiB, peers: 2 }, does: /^Complete\. Sends at .+ to 2 peers\.$/ },
  { name: 'seeding, idle', is: { state: 'seeding' }, does: /Nobody asks for it now\.$/ },
  { name: 'seeding, idle peers', is: { state: 'seeding', peers: 2 }, does: /2 peers connected, none asks/ },
  { name: 'seeding, own goal', is: { state: 'seeding', ratio: 1.4, seed: { mode: 'limits', ratio: 2, time: null, idle: null } }, does: /Ends at ratio 2.* \(now 1\.4/ },
  { name: 'seeding, goal of all', is: { state: 'seeding', seconds_seeding: 60 }, around: { seedMode: 'limits', seedTime: 3600 }, does: /Ends after 1/ },
  { name: 'seeding for ever', is: { state: 'seeding', seed: { mode: 'forever', ratio: null, time: null, idle: null } }, around: { seedMode: 'limits', seedRatio: 2 }, does: /now\.$/ },
  { name: 'seeding, held', is: { state: 'seeding', up_rate: 100, peers: 1 }, around: { maxUp: 100 }, does: /Sends/, why: /upload limit of all/ },
  { name: 'moving', is: { state: 'moving', progress: 0.5 }, does: /another folder: 50/ },
  { name: 'paused', is: { state: 'paused', progress: 0.25 }, does: /^Paused with 25/, why: /token/, first: 'start' },
  { name: 'paused, complete', is: { state: 'paused', completed: '2026-01-01T00:00:00Z' }, does: /complete/, why: /paused it/ },
  { name: 'completed', is: { state: 'completed', ratio: 2 }, does: /^Complete/, why: /goal is reached: ratio 2/, first: 'start' },
  { name: 'completed, never to be seeded', is: { state: 'completed' }, around: { seedMode: 'never' }, does: /^Complete/, why: /not to be seeded/ },
];

describe('says', () => {
  test.each(cases)('$name', ({ is, around, does, why, first }) => {
    const s = says(torrent(is), around);
    expect(s.does).toMatch(does);
    if (why) {
      expect(s.why).toMatch(why);
    } else if (is.state !== 'queued') {
      expect(s.why).toBeUndefined();
    }
    if (first) {
      expect(s.remedies[0]).toBe(first);
    }
  });

  test('every state has its sentence', () => {
    const all = ['metadata', 'queued', 'checking', 'downloading', 'stalled', 'finishing', 'seeding', 'moving', 'paused', 'completed', 'failed'] as const;
    const told = new Set(all.map((state) => says(torrent({ state })).does));
    expect(told.size).toBe(all.length);
  });
});

describe('a failure', () => {
  const codes = ['malformed', 'no_metadata', 'no_peers', 'stalled', 'timeout', 'mismatch', 'no_space', 'file', 'fetch', 'locked', 'hook', 'other', 'a word of next year'];
  test.each(codes)('%s', (code) => {
    const s = says(torrent({ state: 'failed', error: { code, detail: 'x', since: null } }));
    expect(s.tone).toBe('bad');
    expect(s.why).toMatch(/\.$/);
    expect(s.remedies.length).toBeGreaterThan(0);
  });

  test('a full disk says what is needed and what is free', () => {
    const s = says(torrent({ state: 'failed', wanted: 3 * MiB, verified: MiB, error: { code: 'no_space', detail: '', since: null } }), { free: 512 * 1024 });
    expect(s.does).toMatch(/are verified and kept/);
    expect(s.why).toMatch(/still to come; .+ are free/);
    expect(s.remedies[0]).toBe('move');
  });

  test('what it was not told of does not break it', () => {
    expect(says(torrent({ state: 'failed', error: null })).why).toBe('It could not go on.');
  });
});
