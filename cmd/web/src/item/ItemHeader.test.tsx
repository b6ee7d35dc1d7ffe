import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { link } from '../store/link';
import { ItemHeader } from './ItemHeader';
import { torrent } from './testing';

const act = vi.hoisted(() => ({ start: vi.fn(), pause: vi.fn(), check: vi.fn(), announce: vi.fn() }));
vi.mock('../api/actions', () => ({ act }));

beforeEach(() => {
  link.update({ level: 'full' });
  Object.values(act).forEach((fn) => fn.mockReset());
});

describe('ItemHeader', () => {
  test('what runs can be paused, what is stopped can be started', async () => {
    const { rerender } = render(<ItemHeader torrent={torrent({ state: 'downloading' })} />);
    await userEvent.click(screen.getByRole('button', { name: 'Pause' }));
    expect(act.pause).toHaveBeenCalledOnce();
    for (const is of [{ state: 'paused', paused: true }, { state: 'failed' }, { state: 'completed' }] as const) {
      rerender(<ItemHeader torrent={torrent(is)} />);
      await userEvent.click(screen.getByRole('button', { name: 'Start' }));
    }
    expect(act.start).toHaveBeenCalledTimes(3);
  });

  test('the other verbs are in a menu', async () => {
    render(<ItemHeader torrent={torrent({ state: 'queued', queue: 2 })} />);
    await userEvent.click(screen.getByRole('button', { name: 'More actions' }));
    await userEvent.click(screen.getByRole('menuitem', { name: /Start now/, hidden: true }));
    expect(act.start).toHaveBeenCalledWith([expect.any(String)], true);
  });

  test('who may only look has no verbs', () => {
    link.update({ level: 'read' });
    render(<ItemHeader torrent={torrent()} />);
    expect(screen.getAllByRole('button').map((b) => b.getAttribute('aria-label'))).toEqual(['Close (Esc)']);
  });

  test('a name with marks of direction stays what it is', () => {
    render(<ItemHeader torrent={torrent({ name: 'a\u202efdp.exe' + 'x'.repeat(255) })} />);
    expect(screen.getByRole('heading').textContent).toContain('a⟨202e⟩fdp.exe');
  });
});
