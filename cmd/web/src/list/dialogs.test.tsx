import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { act } from '../api/actions';
import { queries } from '../api/queries';
import { rows } from '../store/rows';
import { torrent } from '../testing/torrent';
import { carryOut } from './commands';
import { LabelsDialog } from './LabelsDialog';
import { LimitsDialog } from './LimitsDialog';
import { MoveDialog } from './MoveDialog';

const done = Promise.resolve({ ok: true, problems: [] });
const ids = [1, 2].map((n) => torrent(n).id);
const onClose = vi.fn();

function show(dialog: ReactNode) {
  render(<QueryClientProvider client={queries}>{dialog}</QueryClientProvider>);
  return userEvent.setup();
}

beforeEach(() => {
  onClose.mockClear();
  rows.load({
    items: [torrent(1, { labels: ['tv', 'new'], limits: { max_down: 1024, max_up: 0 } }), torrent(2, { labels: ['tv'] })],
    counts: { state: {}, label: { tv: 2, new: 1, films: 1 }, tracker: {}, dir: {} },
  });
});

describe('LabelsDialog', () => {
  it('changes only what was touched', async () => {
    const set = vi.spyOn(act, 'setLabels').mockReturnValue(done);
    const user = show(<LabelsDialog ids={ids} onClose={onClose} />);
    expect(screen.getByLabelText<HTMLInputElement>(/^new/).indeterminate).toBe(true);
    await user.click(screen.getByLabelText('tv'));
    await user.type(screen.getByLabelText('New label'), 'films{Enter}');
    await user.click(screen.getByText('Save'));
    expect(set.mock.calls).toEqual([
      [[ids[0]], ['new', 'films']],
      [[ids[1]], ['films']],
    ]);
    expect(onClose).toHaveBeenCalled();
  });

  it('sends nothing when nothing was touched', async () => {
    const set = vi.spyOn(act, 'setLabels').mockReturnValue(done);
    const user = show(<LabelsDialog ids={ids} onClose={onClose} />);
    await user.click(screen.getByText('Save'));
    expect(set).not.toHaveBeenCalled();
  });
});

describe('LimitsDialog', () => {
  it('leaves a limit in which they differ', async () => {
    const set = vi.spyOn(act, 'setLimits').mockReturnValue(done);
    const user = show(<LimitsDialog ids={ids} onClose={onClose} />);
    expect(screen.getByLabelText<HTMLInputElement>('Download').placeholder).toBe('different');
    await user.type(screen.getByLabelText('Upload'), '2 MiB');
    await user.click(screen.getByText('Save'));
    expect(set).toHaveBeenCalledWith(ids, { max_up: 2 << 20 });
  });

  it('says what is no rate, and does not save it', async () => {
    const user = show(<LimitsDialog ids={ids} onClose={onClose} />);
    await user.type(screen.getByLabelText('Upload'), 'fast');
    expect(screen.getByText(/Not a rate/)).toBeDefined();
    expect((screen.getByText('Save') as HTMLButtonElement).disabled).toBe(true);
  });
});

describe('MoveDialog', () => {
  it('moves to another folder than theirs', async () => {
    const move = vi.spyOn(act, 'move').mockReturnValue(done);
    vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('no daemon'));
    const user = show(<MoveDialog ids={ids} onClose={onClose} />);
    expect((screen.getByText('Move') as HTMLButtonElement).disabled).toBe(true);
    await user.type(screen.getByLabelText('To folder'), '/new{Enter}');
    expect(move).toHaveBeenCalledWith(ids, '/data/new', false);
  });
});

describe('carryOut', () => {
  it('asks before it moves, labels, limits or removes', async () => {
    const ask = vi.fn();
    for (const verb of ['move', 'labels', 'limits', 'remove'] as const) await carryOut(verb, ids, ask);
    expect(ask.mock.calls.map(([a]) => (a as { verb: string }).verb)).toEqual(['move', 'labels', 'limits', 'remove']);
  });

  it('goes on in the line only while it is let', async () => {
    rows.load({
      items: [torrent(1, { state: 'queued', queue: 1 }), torrent(2, { state: 'queued', queue: 2 })],
      counts: { state: { queued: 3 }, label: {}, tracker: {}, dir: {} },
    });
    const set = vi.spyOn(act, 'setQueue').mockResolvedValue({ ok: false, problems: [] });
    await carryOut('top', ids, vi.fn());
    expect(set.mock.calls).toEqual([[[ids[0]], 0]]);
  });

  it('does nothing to nobody', async () => {
    const pause = vi.spyOn(act, 'pause').mockReturnValue(done);
    await carryOut('pause', [], vi.fn());
    expect(pause).not.toHaveBeenCalled();
  });
});
