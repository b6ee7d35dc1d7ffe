import { fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { base } from '../api/client';
import { install, type Fake } from '../fake/install';
import { stats as figures } from '../fake/routes';
import { stats } from '../store/stats';
import Facts from './Facts';
import LogView from './LogView';

let fake: Fake;

beforeEach(() => {
  fake = install(base, '', 2);
  fake.world.log('error', 'the disk is full');
  fake.world.log('debug', 'a small thing');
});
afterEach(() => { fake.uninstall(); });

test('the log, by level and by words', async () => {
  render(<LogView />);
  await screen.findByText('the disk is full');
  expect(screen.queryByText('a small thing')).toBeNull();
  fireEvent.change(screen.getByLabelText('Level'), { target: { value: 'debug' } });
  await screen.findByText('a small thing');
  fireEvent.change(screen.getByLabelText('Search in the log'), { target: { value: 'SMALL' } });
  expect(screen.queryByText('the disk is full')).toBeNull();
  expect(screen.getByText(/1 of 3 lines/)).toBeDefined();
});

test('what is not known is not made up', () => {
  stats.set({ ...figures(fake.world, new Set(), 0), reachable: null, dht_nodes: null, external: '', port: 0 });
  render(<Facts />);
  expect(screen.getByText('not known yet')).toBeDefined();
  expect(screen.getByText('off')).toBeDefined();
  expect(screen.getByText('no port')).toBeDefined();
});
