import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { queries } from '../api/queries';
import { listenForKeys } from '../keys/keys';
import { notices } from '../store/notices';
import { rows } from '../store/rows';
import { replies } from '../testing/replies';
import { torrent } from '../testing/torrent';
import RemoveDialog from './RemoveDialog';

const one = torrent(1, { files: 2, verified: 3 << 20 });
const other = torrent(2, { files: 1, verified: 1 << 20 });
const files = { total: 2, next: null, items: [{ index: 0, path: 'a.iso', length: 2 << 20, verified: 2 << 20 }, { index: 1, path: 'b.txt', length: 2 << 20, verified: 1 << 20 }] };

let silence: () => void;
beforeEach(() => {
  rows.load({ items: [one, other], counts: { state: {}, label: {}, tracker: {}, dir: {} } });
  silence = listenForKeys();
});
afterEach(() => {
  silence();
  queries.clear();
  notices.set([]);
});

function open(ids: string[], deleted: unknown = { removed_files: 2, freed: 3 << 20, left: [] }) {
  const calls = replies((r) => {
    if (r.method === 'DELETE') return Response.json(deleted);
    if (r.url.pathname.endsWith('/files')) return Response.json(files);
    return Response.json(ids.map((id) => ({ id, ok: true })));
  });
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={queries}>
      <RemoveDialog ids={ids} onClose={onClose} />
    </QueryClientProvider>,
  );
  return { changes: () => calls.filter((c) => c.method !== 'GET').map((c) => `${c.method} ${c.url.search}`), onClose };
}

describe('RemoveDialog', () => {
  it('names the files, and keeps them with Enter', async () => {
    const { changes, onClose } = open([one.id]);
    expect(await screen.findByText('a.iso')).toBeTruthy();
    expect(screen.getByText('1.00 MiB of 2.00 MiB')).toBeTruthy();
    expect(screen.getByText('The files stay on the disk: 2 files, 3.00 MiB.')).toBeTruthy();
    expect(document.activeElement?.textContent).toBe('Remove, keep the files');
    await userEvent.keyboard('{Enter}');
    expect(onClose).toHaveBeenCalled();
    expect(changes()).toEqual(['DELETE ?data=false']);
  });

  it('deletes by two keys, of which neither is enough', async () => {
    const { changes, onClose } = open([one.id]);
    await userEvent.keyboard('y{Delete}');
    expect(changes()).toEqual([]);
    await userEvent.keyboard('d');
    expect(screen.getByText('This deletes 2 files, 3.00 MiB. It cannot be undone.')).toBeTruthy();
    expect(document.activeElement?.textContent).toBe('Cancel');
    await userEvent.keyboard('{Delete}');
    expect(changes()).toEqual([]);
    await userEvent.keyboard('y');
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(changes()).toEqual(['DELETE ?data=true']);
    expect(notices.get()[0]).toMatchObject({ kind: 'ok', detail: '2 files deleted, 3.00 MiB freed.' });
  });

  it('shows what was left', async () => {
    const { onClose } = open([one.id], { removed_files: 1, freed: 1 << 20, left: ['/data/torrent 1/mine.txt'] });
    await userEvent.keyboard('dy');
    expect(await screen.findByText('/data/torrent 1/mine.txt')).toBeTruthy();
    expect(screen.getByText('One file deleted, 1.00 MiB freed.')).toBeTruthy();
    expect(onClose).not.toHaveBeenCalled();
  });

  it('sums up several, and keeps their files in one request', async () => {
    const { changes } = open([one.id, other.id]);
    expect(screen.getByText('The files stay on the disk: 3 files, 4.00 MiB.')).toBeTruthy();
    expect(screen.getByText('torrent 2')).toBeTruthy();
    await userEvent.keyboard('{Enter}');
    await waitFor(() => expect(changes()).toEqual(['POST ']));
  });

  it('says that nothing is there yet', () => {
    rows.load({ items: [{ ...one, verified: 0 }], counts: { state: {}, label: {}, tracker: {}, dir: {} } });
    open([one.id]);
    expect(screen.getByText('Nothing of it is verified on the disk yet; what there is stays.')).toBeTruthy();
  });

  it('stays if a torrent goes meanwhile', async () => {
    open([one.id]);
    rows.apply({ revision: 2, rows: [], removed: [one.id] });
    expect(await screen.findByText('a.iso')).toBeTruthy();
  });
});
