import { act as settle, fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { act } from '../api/actions';
import { announce, spoken } from '../store/announce';
import { link, serverNow } from '../store/link';
import { notices, notify } from '../store/notices';
import { rows } from '../store/rows';
import { FakeDaemon, problem } from '../testing/daemon';
import { torrent } from '../testing/torrent';
import { span } from '../ui/format';
import { Name } from '../ui/Name';
import { Header } from './Header';
import { Notices } from './Notices';

// What is seen when a daemon, a stranger or a clock does what it should not.

const one = torrent(1, { name: 'film' });
let daemon: FakeDaemon;

beforeEach(() => {
  daemon = new FakeDaemon().install();
  rows.load({ items: [one], counts: { state: {}, label: {}, tracker: {}, dir: {} } });
  link.update({ state: 'live', level: 'full' });
  notices.set([]);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('an action that is refused', () => {
  it.each([
    [0, 'unreachable', '', 'The daemon does not answer.', true],
    [403, 'forbidden', 'this token may look, not change', 'This is not allowed.', false],
    [409, 'conflict', 'its files are being moved', 'This does not fit what the torrent is doing.', true],
    [412, 'stale', 'it has changed since', 'Somebody else has changed this meanwhile.', false],
    [413, 'too_large', 'the body is larger than 1 MiB', 'This is too large.', false],
    [429, 'too_many', 'wait 5 s', 'Too many tries.', true],
    [500, 'internal', 'a bug: see the log', 'The daemon made a mistake.', true],
    [507, 'no_space', '2 GiB more are needed', 'There is not enough room on the disk.', true],
  ])('by %d %s gives the old value back, and says why', async (status, code, detail, sentence, retry) => {
    daemon.faults.set(`torrents/${one.id}/pause`, () => {
      if (status === 0) throw new TypeError('Failed to fetch');
      return problem(status, code, detail);
    });
    render(<Notices />);
    const done = settle(() => act.pause([one.id]));
    expect(rows.get(one.id)?.state).toBe('paused');
    await done;
    expect(rows.get(one.id)?.state).toBe('downloading');
    expect(screen.getByText(`Pausing film failed. ${sentence}`)).toBeTruthy();
    if (detail) expect(screen.getByText(detail)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Try again' }) !== null).toBe(retry);
  });

  it('is tried again by a button', async () => {
    const path = `torrents/${one.id}/pause`;
    daemon.faults.set(path, () => problem(503, 'not_ready', 'the daemon starts'));
    render(<Notices />);
    await settle(() => act.pause([one.id]));
    daemon.faults.set(path, () => Response.json({ ...one, state: 'paused', paused: true }));
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(rows.get(one.id)?.paused).toBe(true));
    expect(notices.get()).toEqual([]);
  });

  it.each([
    [401, 'signed-out'],
    [421, 'refused-host'],
  ] as const)('by %d leads to what lets in', async (status, state) => {
    daemon.faults.set(`torrents/${one.id}/pause`, () => problem(status, 'x'));
    await act.pause([one.id]);
    expect(link.get().state).toBe(state);
  });
});

describe('a clock that is wrong', () => {
  it('does not change what has passed for the daemon', () => {
    vi.useFakeTimers({ now: Date.parse('2001-01-01T00:00:00Z') });
    link.update({ skew: Date.parse('2026-05-05T10:00:30Z') - Date.now() });
    expect(span((serverNow() - Date.parse('2026-05-05T10:00:00Z')) / 1000)).toBe('30 s');
    link.update({ skew: 0 });
  });
});

describe('names of strangers', () => {
  it.each([
    ['HTML', '<img src=x onerror=alert(1)>&lt;', '<img src=x onerror=alert(1)>&lt;'],
    ['marks that turn the direction', 'gpj.\u202etxt.exe', 'gpj.⟨202e⟩txt.exe'],
    ['control characters', 'a\u0000b\nc\u200b', 'a⟨0000⟩b⟨000a⟩c⟨200b⟩'],
    ['Arabic and Hebrew', 'كتاب ספר', 'كتاب ספר'],
    ['255 characters', 'W'.repeat(255), 'W'.repeat(255)],
    ['too many', 'x'.repeat(5000), 'x'.repeat(1000) + '…'],
  ])('with %s are text, and turn nothing beside them', (_, name, want) => {
    const { container } = render(<Name>{name}</Name>);
    expect(container.querySelector('bdi')?.textContent).toBe(want);
    expect(container.querySelector('img')).toBeNull();
  });

  it('are as harmless in messages', () => {
    render(<Notices />);
    settle(() => void notify({ kind: 'bad', text: '<b>x</b>' }));
    expect(screen.getByText('<b>x</b>')).toBeTruthy();
  });
});

describe('messages', () => {
  it('go by themselves when all is well, and stay when not', () => {
    vi.useFakeTimers();
    notify({ kind: 'ok', text: 'Added' });
    notify({ kind: 'bad', text: 'Failed' });
    vi.advanceTimersByTime(60_000);
    expect(notices.get().map((n) => n.text)).toEqual(['Failed']);
  });

  it('are sent away', () => {
    notify({ kind: 'bad', text: 'Failed' });
    render(<Notices />);
    fireEvent.click(screen.getByRole('button', { name: 'Close this message' }));
    expect(notices.get()).toEqual([]);
  });
});

describe('the live region', () => {
  it('says one line in five seconds', () => {
    vi.useFakeTimers();
    const said: string[] = [];
    const end = spoken.subscribe(() => said.push(spoken.get()));
    for (const name of ['a', 'b', 'c']) announce(`${name} completed`);
    expect(said).toEqual(['a completed']);
    vi.advanceTimersByTime(4999);
    expect(said).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(said).toEqual(['a completed', '2 torrents changed: c completed last']);
    vi.advanceTimersByTime(60_000);
    end();
  });
});

describe('a read token', () => {
  it('has no actions, and says so', () => {
    link.update({ level: 'read' });
    render(<Header route={{ name: 'list', query: '' }} />);
    expect(screen.queryByRole('link', { name: 'Add' })).toBeNull();
    expect(screen.getByText('Read only')).toBeTruthy();
  });
});
