import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { link } from '../../store/link';
import { torrent } from '../testing';
import SettingsTab from './SettingsTab';

const act = vi.hoisted(() => ({ patch: vi.fn() }));
vi.mock('../../api/actions', () => ({ act }));

const patch = (): unknown => act.patch.mock.lastCall?.[1];

beforeEach(() => {
  link.update({ level: 'full' });
  act.patch.mockReset();
});

describe('SettingsTab', () => {
  test('a limit is read as people write it; empty is none', async () => {
    render(<SettingsTab torrent={torrent({ limits: { max_down: 0, max_up: 1024 } })} />);
    await userEvent.type(screen.getByRole('textbox', { name: 'Download' }), '500 KiB{Enter}');
    expect(patch()).toEqual({ limits: { max_down: 512_000 } });
    await userEvent.clear(screen.getByRole('textbox', { name: 'Upload' }));
    await userEvent.tab();
    expect(patch()).toEqual({ limits: { max_up: 0 } });
  });

  test('a goal that is emptied goes back to what the settings say', async () => {
    render(<SettingsTab torrent={torrent({ seed: { mode: 'limits', ratio: 2, time: null, idle: null } })} />);
    await userEvent.clear(screen.getByRole('textbox', { name: 'Ratio' }));
    await userEvent.tab();
    expect(patch()).toEqual({ seed: { ratio: null } });
    await userEvent.type(screen.getByRole('textbox', { name: 'Time since it was complete' }), '2 h{Enter}');
    expect(patch()).toEqual({ seed: { time: 7200 } });
  });

  test('labels are put on and taken off', async () => {
    render(<SettingsTab torrent={torrent({ labels: ['a'] })} />);
    await userEvent.type(screen.getByRole('combobox', { name: 'New label' }), 'b, a{Enter}');
    expect(patch()).toEqual({ labels: ['a', 'b'] });
    await userEvent.click(screen.getByRole('button', { name: 'Take off the label a' }));
    expect(patch()).toEqual({ labels: [] });
  });

  test('a place in line', async () => {
    render(<SettingsTab torrent={torrent({ state: 'queued', queue: 3 })} />);
    await userEvent.click(screen.getByRole('button', { name: 'Up' }));
    expect(patch()).toEqual({ queue: 2 });
    await userEvent.click(screen.getByRole('button', { name: 'First' }));
    expect(patch()).toEqual({ queue: 0 });
  });

  test('a name that is emptied is the own one', async () => {
    render(<SettingsTab torrent={torrent()} />);
    await userEvent.clear(screen.getByRole('textbox', { name: 'Shown as' }));
    await userEvent.tab();
    expect(patch()).toEqual({ name: null });
  });

  test('who may only look sees values, and nothing to change them with', () => {
    link.update({ level: 'read' });
    render(<SettingsTab torrent={torrent({ labels: ['linux'], limits: { max_down: 1024, max_up: 0 } })} />);
    expect(screen.getByText('linux')).toBeTruthy();
    expect(screen.getByText('1.00 KiB/s')).toBeTruthy();
    for (const role of ['textbox', 'button', 'checkbox', 'combobox']) {
      expect(screen.queryByRole(role)).toBeNull();
    }
  });
});
