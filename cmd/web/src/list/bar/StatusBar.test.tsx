import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';
import type { Settings, Stats } from '../../api/types';
import { link } from '../../store/link';
import { settings } from '../../store/settings';
import { stats } from '../../store/stats';
import { StatusBar } from './StatusBar';

const knob = <T,>(value: T) => ({ value, from: 'api' as const, fixed: false });

function load(change: Partial<Stats> = {}): void {
  stats.set({
    down_rate: 2048,
    up_rate: 0,
    limits: { max_down: 0, max_up: 1 << 20 },
    disks: [
      { dir: '/data', free: 500e9, total: 1e12 },
      { dir: '/full', free: 10, total: 1e12 },
    ],
    dht_nodes: 1234,
    reachable: false,
    port: 6881,
    external: '',
    ...change,
  } as Stats);
  settings.set({
    revision: 1,
    dir: knob('/data'),
    max_down: knob(0),
    max_up: knob(1 << 20),
    override: knob(null),
    schedule: knob([]),
  } as unknown as Settings);
}

beforeEach(() => {
  link.update({ state: 'live', level: 'full', version: '1.0' });
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
});

it('says how fast, under which limits, who is reached, and which disk is nearly full', () => {
  load();
  render(<StatusBar />);
  const bar = screen.getByLabelText('Status').textContent;
  for (const part of ['2.00 KiB/s', 'Limit ↓ ∞ ↑ 1.00 MiB/s', '/full: 10 B free', '1,234 DHT', 'Not reachable', 'Connected']) {
    expect(bar).toContain(part);
  }
});

it('says that the schedule has other limits', () => {
  load({ limits: { max_down: 1024, max_up: 1024 } });
  render(<StatusBar />);
  expect(screen.getByLabelText(/^Speed limits/).textContent).toContain('Schedule ↓ 1.00 KiB/s ↑ 1.00 KiB/s');
});

it('sets other limits for an hour', async () => {
  load();
  const fetched = vi
    .spyOn(globalThis, 'fetch')
    .mockImplementation(() => Promise.resolve(Response.json({ ...settings.get(), revision: 2 })));
  render(<StatusBar />);
  const user = userEvent.setup();
  await user.type(screen.getByLabelText('Download'), '500');
  await user.click(screen.getByText('1 hour'));
  await vi.waitFor(() => expect(settings.get()?.revision).toBe(2));
  const request = fetched.mock.calls[0]?.[0] as Request;
  expect(request.method).toBe('PATCH');
  const { override } = (await request.json()) as { override: { max_down: number; max_up: number; until: string } };
  expect(override).toMatchObject({ max_down: 512000, max_up: 1 << 20 });
  expect(Date.parse(override.until)).toBeGreaterThan(Date.now() + 3_500_000);
});

it('offers no change with a token that may look', () => {
  load();
  link.update({ level: 'read' });
  render(<StatusBar />);
  expect(screen.queryByLabelText(/^Speed limits/)).toBeNull();
});
