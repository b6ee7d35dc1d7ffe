import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from '../../api/client';
import { heard } from '../../api/item';
import { queries } from '../../api/queries';
import type { PiecesBody, Torrent } from '../../api/types';
import { file, torrent } from '../testing';
import PiecesTab from './PiecesTab';

const base64 = (...bytes: number[]): string => btoa(String.fromCharCode(...bytes));

/** show puts the tab on the screen, and returns what was asked for of the pieces. */
function show(is: Partial<Torrent>, body: PiecesBody): ReturnType<typeof vi.spyOn> {
  const get = vi.spyOn(api, 'GET').mockImplementation(((path: string) =>
    Promise.resolve({ data: path.endsWith('pieces') ? body : { total: 1, items: [file(0, 'a', { first_piece: 0, last_piece: 7 })], next: null } })) as never);
  render(
    <QueryClientProvider client={queries}>
      <PiecesTab torrent={torrent(is)} />
    </QueryClientProvider>,
  );
  return get;
}

beforeEach(() => {
  queries.clear();
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
});

describe('PiecesTab', () => {
  test('the text says what the picture shows, and follows the stream', async () => {
    const t = torrent();
    show({ pieces: 8, peers: 2 }, { count: 8, have: base64(0b1100_0000), unwanted: base64(0), partial: [], availability: [{ length: 8, peers: 1 }] });
    expect(await screen.findByText(/2 of 8 pieces are here .+ with 1 of 2 connected peers/)).toBeTruthy();
    act(() => heard('pieces', { id: t.id, count: 8, got: [2, 3], partial: [{ piece: 4, blocks: 2, got: 1 }] }));
    expect(await screen.findByText(/4 of 8 pieces are here .+ 1 is being fetched/)).toBeTruthy();
  });

  test('a cell is named with its file and who has it', async () => {
    show({ pieces: 8, peers: 2, piece_length: 1024 }, { count: 8, have: base64(0), unwanted: base64(0), partial: [], availability: [{ length: 8, peers: 1 }] });
    const map = await screen.findByRole('slider', { name: 'Pieces' });
    act(() => map.focus());
    await waitFor(() => expect(map.getAttribute('aria-valuetext')).toBe('Piece 0 (1.00 KiB). wanted. 1 of 2 peers has it. a'));
  });

  test('of millions of pieces sums are asked for', async () => {
    const get = show({ pieces: 2_000_000, state: 'paused' }, { count: 2_000_000, buckets: [{ first: 0, pieces: 2_000_000, done: 0.5, unwanted: 0, partial: 3, availability: 0 }] });
    expect(await screen.findByText(/1,000,000 of 2,000,000 pieces are here .+ 3 are being fetched/)).toBeTruthy();
    const asked = get.mock.calls.find((call: unknown[]) => String(call[0]).endsWith('pieces'))?.[1] as { params: { query: { buckets: number } } };
    expect(asked.params.query.buckets).toBeGreaterThan(1000);
    expect(asked.params.query.buckets).toBeLessThanOrEqual(10_000);
  });

  test('without metadata there is no picture', () => {
    show({ pieces: 0, state: 'metadata' }, { count: 0 });
    expect(screen.getByText(/not known yet/)).toBeTruthy();
    expect(screen.queryByRole('slider')).toBeNull();
  });
});
