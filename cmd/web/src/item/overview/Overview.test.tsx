import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from '../../api/client';
import { queries } from '../../api/queries';
import { link } from '../../store/link';
import type { Torrent } from '../../api/types';
import { torrent, tracker } from '../testing';
import Overview from './Overview';

const act = vi.hoisted(() => ({ start: vi.fn(), announce: vi.fn(), check: vi.fn() }));
vi.mock('../../api/actions', () => ({ act }));

function show(is: Partial<Torrent>): void {
  render(
    <QueryClientProvider client={queries}>
      <Overview torrent={torrent(is)} />
    </QueryClientProvider>,
  );
}

beforeEach(() => {
  queries.clear();
  link.update({ level: 'full' });
  vi.spyOn(api, 'GET').mockResolvedValue({ data: [] } as never);
  Object.values(act).forEach((fn) => fn.mockReset());
});

describe('Overview', () => {
  test('a failure has its reason, the line of the daemon, and a remedy', async () => {
    show({ state: 'failed', error: { code: 'locked', detail: 'file is held by process 7', since: '2026-01-01T00:00:00Z' } });
    expect(screen.getByText(/Another program holds/)).toBeTruthy();
    expect(screen.getByText('file is held by process 7')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Start again' }));
    expect(act.start).toHaveBeenCalledWith([expect.any(String)], false);
  });

  test('what waits in line can pass it', async () => {
    show({ state: 'queued', queue: 3 });
    await userEvent.click(screen.getByRole('button', { name: 'Start now' }));
    expect(act.start).toHaveBeenCalledWith([expect.any(String)], true);
  });

  test('who may only look has no buttons for it', () => {
    link.update({ level: 'read' });
    show({ state: 'queued', queue: 3 });
    expect(screen.queryByRole('button', { name: 'Start now' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Copy the magnet link' })).toBeTruthy();
  });

  test('what was tried is there when nobody is found', async () => {
    vi.spyOn(api, 'GET').mockResolvedValue({ data: [tracker('http://t.example/', { state: 'failed', error: 'no such host' })] } as never);
    show({ state: 'stalled' });
    expect(await screen.findByText(/its trackers do not answer: no such host/)).toBeTruthy();
    expect(screen.getByText('What was tried')).toBeTruthy();
  });

  test('warnings and texts of strangers are text', () => {
    show({ warnings: ['<b>bold</b>'], comment: '<script>x</script>\u202e' });
    expect(screen.getByText('<b>bold</b>')).toBeTruthy();
    expect(screen.getByText('<script>x</script>⟨202e⟩')).toBeTruthy();
  });
});
