import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from '../../api/client';
import { ApiProblem } from '../../api/problem';
import { queries } from '../../api/queries';
import { link } from '../../store/link';
import { torrent, tracker } from '../testing';
import TrackersTab from './TrackersTab';

const act = vi.hoisted(() => ({ announce: vi.fn() }));
vi.mock('../../api/actions', () => ({ act }));

function show(): void {
  vi.spyOn(api, 'GET').mockImplementation(((path: string) => Promise.resolve({ data: path.endsWith('trackers') ? [tracker('http://t.example/a', { state: 'failed', error: 'refused' })] : [] })) as never);
  render(
    <QueryClientProvider client={queries}>
      <TrackersTab torrent={torrent()} />
    </QueryClientProvider>,
  );
}

/** edit opens the text of the trackers, and writes another one. */
async function edit(text: string): Promise<void> {
  await screen.findByText('http://t.example/a');
  await userEvent.click(screen.getAllByRole('button', { name: 'Edit' })[0] as HTMLElement);
  const field = await screen.findByRole('textbox');
  await userEvent.clear(field);
  await userEvent.type(field, text);
}

beforeEach(() => {
  queries.clear();
  link.update({ level: 'full' });
});

describe('TrackersTab', () => {
  test('says what a tracker said', async () => {
    show();
    expect(await screen.findByText('refused')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Announce now' }));
    expect(act.announce).toHaveBeenCalledOnce();
  });

  test('tiers are edited as text', async () => {
    const put = vi.spyOn(api, 'PUT').mockResolvedValue({ data: [] } as never);
    show();
    await edit('http://a/{Enter}{Enter}udp://b:1/');
    await userEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect(put).toHaveBeenCalledExactlyOnceWith('/torrents/{id}/trackers', expect.objectContaining({ body: [['http://a/'], ['udp://b:1/']] }));
    await waitFor(() => expect(screen.queryByRole('textbox')).toBeNull());
  });

  test('what is no address is said, and cannot be saved', async () => {
    show();
    await edit('nonsense');
    expect(screen.getByText(/^line 1: /)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Save' })).toHaveProperty('disabled', true);
  });

  test('what the daemon says against it stands in the dialog, and the text stays', async () => {
    vi.spyOn(api, 'PUT').mockRejectedValue(new ApiProblem({ status: 409, code: 'conflict', detail: 'the torrent is private' }));
    show();
    await edit('http://a/');
    await userEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText(/the torrent is private/)).toBeTruthy();
    expect(screen.getByRole('textbox')).toHaveProperty('value', 'http://a/');
  });

  test('who may only look edits nothing', async () => {
    link.update({ level: 'read' });
    show();
    await screen.findByText('refused');
    expect(screen.queryByRole('button')).toBeNull();
  });
});
