import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from '../../api/client';
import { link } from '../../store/link';
import type { TorrentFile } from '../../api/types';
import { file, torrent } from '../testing';
import FilesTab from './FilesTab';

const act = vi.hoisted(() => ({ files: vi.fn() }));
vi.mock('../../api/actions', () => ({ act }));

let made = 0;

/** show puts the tab of a torrent with some files on the screen. */
async function show(...files: TorrentFile[]): Promise<void> {
  vi.spyOn(api, 'GET').mockResolvedValue({ data: { total: files.length, items: files, next: null } } as never);
  const id = (++made).toString(16).padStart(40, 'f'); // another one each time: files are remembered
  render(<FilesTab torrent={torrent({ id, pieces: 10, files: files.length, state: 'paused' })} />);
  await waitFor(() => expect(screen.getAllByRole('treeitem').length).toBeGreaterThan(0));
}

const item = (name: RegExp): HTMLElement => screen.getAllByRole('treeitem').find((e) => name.test(e.textContent)) as HTMLElement;

beforeEach(() => {
  link.update({ level: 'full' });
  act.files.mockReset();
});

describe('FilesTab', () => {
  test('a folder opens, and says of all in it whether it is wanted', async () => {
    await show(file(0, 'd/a'), file(1, 'd/b', { priority: 'skip' }), file(2, 'c'));
    expect(screen.getAllByRole('treeitem')).toHaveLength(2);
    expect(item(/^d/)).toHaveProperty('ariaChecked', 'mixed');
    screen.getByRole('tree').focus();
    await userEvent.keyboard('{ArrowRight}');
    expect(screen.getAllByRole('treeitem')).toHaveLength(4);
  });

  test('space takes a folder off, in one request', async () => {
    act.files.mockResolvedValue({});
    await show(file(0, 'd/a'), file(1, 'd/b'), file(2, 'c'));
    screen.getByRole('tree').focus();
    await userEvent.keyboard(' ');
    expect(act.files).toHaveBeenCalledExactlyOnceWith(expect.any(String), [{ files: '0-1', priority: 'skip' }]);
    expect(item(/^d/)).toHaveProperty('ariaChecked', 'false');
  });

  test('what the daemon refuses goes back', async () => {
    act.files.mockResolvedValue(undefined);
    await show(file(0, 'a'));
    screen.getByRole('tree').focus();
    await userEvent.keyboard(' ');
    await waitFor(() => expect(item(/^a/)).toHaveProperty('ariaChecked', 'true'));
  });

  test('who may only look changes nothing', async () => {
    link.update({ level: 'read' });
    await show(file(0, 'a'));
    screen.getByRole('tree').focus();
    await userEvent.keyboard(' ');
    expect(act.files).not.toHaveBeenCalled();
    expect(screen.queryByRole('combobox')).toBeNull();
    await userEvent.click(item(/^a/));
    expect(screen.queryByRole('button', { name: 'Rename' })).toBeNull();
    expect(screen.getByRole('link', { name: 'Save' })).toBeTruthy();
  });

  test('search shows what matches, with the folders that lead there', async () => {
    await show(file(0, 'd/one.txt'), file(1, 'd/two.txt'), file(2, 'e/three.txt'));
    await userEvent.type(screen.getByRole('searchbox'), 'two');
    await waitFor(() => expect(screen.getAllByRole('treeitem')).toHaveLength(2));
    expect(screen.getByRole('status').textContent).toBe('1 of 3 files match');
  });

  test('names are text, whatever is in them', async () => {
    await show(file(0, '<img src=x onerror=alert(1)>\u202Egpj.exe'));
    expect(document.querySelector('img')).toBeNull();
    expect(item(/img/).textContent).toContain('⟨202e⟩');
  });

  test('of a film that is here it can be played, saved and linked', async () => {
    await show(file(7, 'film.mkv', { complete: true }));
    await userEvent.click(item(/film/));
    for (const name of ['Play', 'Open in a tab', 'Copy link']) {
      expect(screen.getByRole('button', { name })).toBeTruthy();
    }
    expect(screen.getByRole('link', { name: 'Save' }).getAttribute('href')).toMatch(/\/files\/7\/content$/);
  });

  test('a page of files that does not come is told, and can be tried again', async () => {
    vi.spyOn(api, 'GET').mockRejectedValue(new Error('gone'));
    render(<FilesTab torrent={torrent({ id: 'a'.repeat(40), pieces: 10, state: 'paused' })} />);
    expect(await screen.findByRole('alert')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
  });
});
