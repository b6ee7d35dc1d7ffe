import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from '../../api/client';
import { queries } from '../../api/queries';
import { link } from '../../store/link';
import type { Peer } from '../../api/types';
import { peer, torrent } from '../testing';
import PeersTab from './PeersTab';

const act = vi.hoisted(() => ({ drop: vi.fn() }));
vi.mock('../../api/actions', () => ({ act }));

async function show(...peers: Peer[]): Promise<void> {
  vi.spyOn(api, 'GET').mockResolvedValue({ data: peers } as never);
  render(
    <QueryClientProvider client={queries}>
      <PeersTab torrent={torrent({ peers: peers.length })} />
    </QueryClientProvider>,
  );
  if (peers.length > 0) {
    await screen.findAllByRole('gridcell');
  }
}

const addresses = (): string[] => [...document.querySelectorAll('[role=gridcell][data-column=addr]')].map((e) => e.textContent);

beforeEach(() => {
  queries.clear();
  act.drop.mockReset();
  link.update({ level: 'full' });
});

describe('PeersTab', () => {
  test('a click on a column sorts, a second one turns it round', async () => {
    await show(peer('1.0.0.1:1', { progress: 0.1 }), peer('1.0.0.2:1', { progress: 0.9 }));
    const head = screen.getByRole('columnheader', { name: /Done/ });
    await userEvent.click(screen.getByRole('button', { name: /Done/ }));
    expect(head.getAttribute('aria-sort')).toBe('descending');
    expect(addresses()).toEqual(['1.0.0.2:1', '1.0.0.1:1']);
    await userEvent.click(screen.getByRole('button', { name: /Done/ }));
    expect(addresses()).toEqual(['1.0.0.1:1', '1.0.0.2:1']);
  });

  test('keys choose a peer, whose flags are explained, and end the connection', async () => {
    await show(peer('1.0.0.1:1', { flags: 'DO' }));
    screen.getByRole('grid').focus();
    await userEvent.keyboard('{ArrowDown}');
    expect(screen.getByText(/we download from it; O: we let it download/)).toBeTruthy();
    await userEvent.keyboard('{Delete}');
    expect(act.drop).toHaveBeenCalledWith(expect.any(String), '1.0.0.1:1', undefined);
  });

  test('a ban is for an hour', async () => {
    await show(peer('1.0.0.1:1'));
    screen.getByRole('grid').focus();
    await userEvent.keyboard('{ArrowDown}');
    await userEvent.click(screen.getByRole('button', { name: 'Ban for 1 h' }));
    expect(act.drop).toHaveBeenCalledWith(expect.any(String), '1.0.0.1:1', '1h');
  });

  test('who may only look drops nobody', async () => {
    link.update({ level: 'read' });
    await show(peer('1.0.0.1:1'));
    screen.getByRole('grid').focus();
    await userEvent.keyboard('{ArrowDown}{Delete}');
    expect(act.drop).not.toHaveBeenCalled();
    expect(screen.queryByRole('button', { name: 'Add peers' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Copy address' })).toBeTruthy();
  });

  test('names of clients are text', async () => {
    await show(peer('1.0.0.1:1', { client: '<img src=x>\u200b' }));
    expect(screen.getByText('<img src=x>⟨200b⟩')).toBeTruthy();
  });

  test('nobody is connected', async () => {
    await show();
    expect(await screen.findByText(/Nobody is connected/)).toBeTruthy();
  });
});
