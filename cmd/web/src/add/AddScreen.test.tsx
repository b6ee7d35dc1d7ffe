import { QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { queries } from '../api/queries';
import { link } from '../store/link';
import { notices } from '../store/notices';
import { problem } from '../testing/daemon';
import { replies, type Call } from '../testing/replies';
import { torrent } from '../testing/torrent';
import AddScreen from './AddScreen';
import { DropOverlay } from './DropOverlay';
import { room } from './OptionFields';
import { batch } from './send';

const id = '0123456789abcdef0123456789abcdef01234567';
const files = ['season/one.mkv', 'season/two.mkv', 'notes.txt'].map((path, index) => ({ index, path, length: 1 << 20, verified: 0, priority: 'normal', first_piece: 0, last_piece: 0, complete: false }));
const film = torrent(1, { id, name: 'a film', size: 3 << 20, files: 3 });
const preview = { torrent: film, files, existing: false, need: 3 << 20, free: 2 ** 40 };

beforeEach(() => {
  location.hash = '#/add';
  link.update({ state: 'live', level: 'full' });
});
afterEach(() => {
  batch.clear();
  notices.set([]);
  queries.clear();
  vi.unstubAllGlobals();
});

const isLook = (c: Call) => c.url.searchParams.has('dry_run');

function open(add: (c: Call) => Response = () => Response.json(film, { status: 201 }), look: (c: Call) => Response = () => Response.json(preview)) {
  const calls = replies((c) => {
    if (c.url.pathname.endsWith('/dirs')) return Response.json({ path: '/data', dirs: [], free: 2 ** 40 });
    return isLook(c) ? look(c) : add(c);
  });
  render(
    <QueryClientProvider client={queries}>
      <AddScreen />
      <DropOverlay />
    </QueryClientProvider>,
  );
  return { added: () => calls.filter((c) => c.method === 'POST' && !isLook(c)) };
}

const transfer = (text: string, list: File[] = []) => ({ files: list, types: list.length ? ['Files'] : ['text/plain'], getData: (t: string) => (t === 'text/plain' ? text : '') });

async function type(text: string) {
  const field = screen.getByRole('textbox', { name: /Magnet links|More links/ });
  fireEvent.change(field, { target: { value: text } });
  await userEvent.type(field, '{Enter}');
}

describe('AddScreen', () => {
  it('shows what is inside before anything starts, and adds what is wanted of it', async () => {
    const { added } = open();
    await type(id);
    expect(await screen.findByText('a film')).toBeTruthy();
    expect(screen.getByText('3.00 MiB in 3 files')).toBeTruthy();
    expect(added()).toEqual([]);
    fireEvent.click(screen.getByRole('checkbox', { name: 'Download notes.txt' }));
    expect(screen.getByText('2.00 MiB selected')).toBeTruthy();
    await userEvent.type(screen.getByLabelText('Labels'), 'a, b');
    await userEvent.selectOptions(screen.getByLabelText('Start'), 'paused');
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    await waitFor(() => expect(notices.get()[0]?.text).toBe('Added a film'));
    const [call] = added();
    expect(JSON.parse(call?.body as string)).toEqual({ source: id, labels: ['a', 'b'], paused: true, priorities: [{ files: '2', priority: 'skip' }] });
    expect(call?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/);
    expect(batch.items.get()).toEqual([]);
  });

  it('walks the files by keys', async () => {
    open();
    await type(id);
    const tree = await screen.findByRole('tree', { name: 'Files' });
    tree.focus();
    await userEvent.keyboard('{ArrowRight}{ArrowDown} ');
    const one = within(tree).getByRole('treeitem', { name: /one\.mkv/ });
    expect(one.getAttribute('aria-checked')).toBe('false');
    expect(within(tree).getByRole('treeitem', { name: /season/ }).getAttribute('aria-checked')).toBe('mixed');
  });

  it('takes what is dropped, as a form', async () => {
    const { added } = open();
    fireEvent.dragEnter(document.body, { dataTransfer: transfer('', [new File([], 'x')]) });
    expect(screen.getByText('Drop to look inside')).toBeTruthy();
    fireEvent.drop(document.body, { dataTransfer: transfer('', [new File(['d4:infod'], 'a.torrent'), new File([], 'cat.jpg')]) });
    expect(screen.queryByText('Drop to look inside')).toBeNull();
    expect(notices.get()[0]?.text).toBe('cat.jpg is no .torrent file.');
    await screen.findByText('a film');
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    await waitFor(() => expect(added()).toHaveLength(1));
    const form = added()[0]?.body as FormData;
    expect([...form.keys()]).toEqual(['options', 'torrent']);
  });

  it('takes what is pasted anywhere, but not in fields', async () => {
    open();
    fireEvent.paste(document.body, { clipboardData: transfer(`see ${id}, and ${'b'.repeat(40)}`) });
    await waitFor(() => expect(batch.items.get()).toHaveLength(2));
    fireEvent.paste(screen.getByLabelText('Labels'), { clipboardData: transfer('c'.repeat(40)) });
    expect(batch.items.get()).toHaveLength(2);
    fireEvent.paste(document.body, { clipboardData: transfer('good morning') });
    expect(notices.get()[0]?.text).toBe('There is no link or info-hash in this text.');
  });

  it('takes nothing with a token that may only look', () => {
    link.update({ level: 'read' });
    open();
    fireEvent.paste(document.body, { clipboardData: transfer(id) });
    fireEvent.drop(document.body, { dataTransfer: transfer(id) });
    expect(batch.items.get()).toEqual([]);
  });

  it('says what is there already', async () => {
    const { added } = open(undefined, () => Response.json({ ...preview, existing: true }));
    await type(id);
    expect(await screen.findByText(/This torrent is there already/)).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Add' }).disabled).toBe(true);
    expect(added()).toEqual([]);
  });

  it('hears from the answer that it was there', async () => {
    open(() => Response.json(film, { headers: { 'Gotor-Existing': 'true' } }));
    await type(id);
    await screen.findByText('a film');
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    await waitFor(() => expect(notices.get().map((n) => n.text)).toEqual(['a film was there already']));
  });

  it('keeps what was refused, with why, and tries again', async () => {
    let full = true;
    const { added } = open(() => (full ? problem(507, 'no_space', '2 GiB more are needed') : Response.json(film, { status: 201 })));
    await type(id);
    await screen.findByText('a film');
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    expect((await screen.findByRole('alert')).textContent).toMatch(/There is not enough room on the disk\..*2 GiB more are needed/);
    full = false;
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    await waitFor(() => expect(batch.items.get()).toEqual([]));
    const keys = added().map((c) => c.headers.get('Idempotency-Key'));
    expect(keys[0]).toBe(keys[1]);
  });

  it.each([
    [415, 'unsupported', 'This kind of file is not taken.'],
    [422, 'malformed', 'This is not a torrent.'],
    [502, 'fetch', 'The address could not be read.'],
  ])('says of each source what is wrong: %d %s', async (status, code, want) => {
    open(undefined, () => problem(status, code, 'why'));
    await type('https://x.example/a.torrent');
    expect((await screen.findByRole('alert')).textContent).toContain(want);
  });
});

describe('the room in a folder', () => {
  it.each([
    [10 * 2 ** 30, 0, '10.0 GiB free'],
    [10 * 2 ** 30, 2 ** 30, '10.0 GiB free, 9.00 GiB after this'],
    [2 ** 30, 3 * 2 ** 30, '1.00 GiB free: 2.00 GiB too little. It waits for room.'],
  ])('%d free, %d needed', (free, need, want) => {
    expect(room(free, need)).toBe(want);
  });
});
