import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stream } from '../../api/daemon';
import type { Stats } from '../../api/types';
import { link } from '../../store/link';
import { rows } from '../../store/rows';
import { stats } from '../../store/stats';
import { torrent } from '../../testing/torrent';
import { Strips } from './Strips';

const counts = { state: {}, label: {}, tracker: {}, dir: {} };
const well = { ready: '', reachable: true, port: 6881, disks: [{ dir: '/data', free: 50 * 2 ** 30, total: 2 ** 40 }] };
const figures = (change: Partial<Stats>) => stats.set({ ...well, ...change } as Stats);

beforeEach(() => {
  rows.load({ items: [], counts });
  figures({});
  link.update({ state: 'live' });
});
afterEach(() => {
  vi.useRealTimers();
});

const seen = () => document.body.textContent;

describe('the connection', () => {
  it('is not spoken of while it is well', () => {
    render(<Strips />);
    expect(seen()).toBe('');
  });

  it('is lost since then, and tried again soon, or now', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], shouldAdvanceTime: false });
    const now = Date.now();
    link.update({ state: 'reconnecting', since: now - 5000, nextTry: now + 8000 });
    const tryNow = vi.spyOn(stream, 'tryNow').mockReturnValue();
    render(<Strips />);
    expect(seen()).toContain('Connection lost 5 s ago. What you see is from before. Next try in 8 s.');
    act(() => vi.advanceTimersByTime(3000));
    expect(seen()).toContain('Connection lost 8 s ago. What you see is from before. Next try in 5 s.');
    act(() => vi.advanceTimersByTime(5000));
    expect(seen()).toContain('Trying now.');
    vi.useRealTimers();
    await userEvent.click(screen.getByRole('button', { name: 'Try now' }));
    expect(tryNow).toHaveBeenCalled();
  });

  it('was lost no time ago by a clock that was set back', () => {
    link.update({ state: 'reconnecting', since: Date.now() + 3_600_000 });
    render(<Strips />);
    expect(seen()).toContain('Connection lost 0 s ago.');
  });

  it.each([
    ['offline', 'This device is offline.'],
    ['stopped', 'The daemon has stopped.'],
  ] as const)('is told apart: %s', (state, want) => {
    link.update({ state });
    render(<Strips />);
    expect(seen()).toContain(want);
  });

  it('is with another version: the page is loaded again by who wants it', () => {
    link.update({ state: 'other-version', version: '<b>2.0' });
    render(<Strips />);
    expect(seen()).toContain('The daemon is now version <b>2.0');
    expect(screen.getByRole('button', { name: 'Load the page again' })).toBeTruthy();
  });
});

describe('what stays until it is mended', () => {
  it('a full disk: how much, and where to free it', () => {
    rows.load({ items: [torrent(1, { dir: '/data/a', wanted: 3 * 2 ** 30, verified: 0 })], counts });
    figures({ disks: [{ dir: '/data', free: 1 << 20, total: 2 ** 40 }] });
    render(<Strips />);
    expect(screen.getByRole('alert').textContent).toContain('The disk of /data is full: 1.00 MiB free, 3.00 GiB still to come. Free 3.00 GiB');
    expect(screen.getByRole('link', { name: 'Show the largest' }).getAttribute('href')).toBe('#/?dir=%2Fdata%2Fa&sort=-verified');
  });

  it('a folder that is away', () => {
    rows.load({ items: [torrent(1)], counts });
    figures({ disks: [{ dir: '/data', free: null, total: null }] });
    render(<Strips />);
    expect(screen.getByRole('alert').textContent).toContain('/data cannot be reached');
  });

  it('state that cannot be written', () => {
    figures({ ready: 'the state cannot be written: read-only file system' });
    render(<Strips />);
    expect(screen.getByRole('alert').textContent).toContain('takes no changes: the state cannot be written: read-only file system.');
  });

  it('a port that nobody reaches', () => {
    figures({ reachable: false });
    render(<Strips />);
    expect(screen.getByRole('status').textContent).toContain('port 6881');
    expect(screen.getByRole('link', { name: 'Settings' })).toBeTruthy();
  });
});
