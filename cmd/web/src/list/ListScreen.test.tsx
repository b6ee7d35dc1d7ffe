import { QueryClientProvider } from '@tanstack/react-query';
import { act as react, fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { act } from '../api/actions';
import { queries } from '../api/queries';
import type { Torrent } from '../api/types';
import { listenForKeys } from '../keys/keys';
import { link } from '../store/link';
import { rows } from '../store/rows';
import { torrent } from '../testing/torrent';
import { cell } from './cells';
import ListScreen from './ListScreen';

// How often a row renders is counted by its cells.
vi.mock('./cells', async (original) => {
  const real = await original<{ cell: typeof cell }>();
  return { ...real, cell: vi.fn(real.cell) };
});

const done = Promise.resolve({ ok: true, problems: [] });

function load(items: Torrent[]): void {
  const state: Record<string, number> = {};
  const label: Record<string, number> = {};
  for (const t of items) {
    state[t.state] = (state[t.state] ?? 0) + 1;
    for (const l of t.labels) label[l] = (label[l] ?? 0) + 1;
  }
  rows.load({ items, counts: { state, label, tracker: {}, dir: {} } });
}

function show() {
  const user = userEvent.setup();
  render(
    <QueryClientProvider client={queries}>
      <ListScreen />
    </QueryClientProvider>,
  );
  return user;
}

const grid = () => screen.getByLabelText('Torrents', { selector: '[role=grid]' });
const row = (n: number) => {
  const found = grid().querySelector<HTMLElement>(`[data-id="${torrent(n).id}"]`);
  if (found === null) throw new Error(`no row of torrent ${String(n)}`);
  return found;
};
const focused = () => document.activeElement?.getAttribute('data-id');

beforeEach(() => {
  location.hash = '';
  localStorage.clear();
  link.update({ state: 'live', level: 'full' });
  return listenForKeys();
});

describe('rows', () => {
  it('render once, and again only when their torrent has changed', () => {
    load([1, 2, 3, 4].map((n) => torrent(n)));
    show();
    const seen = vi.mocked(cell);
    const columns = within(grid()).getAllByRole('columnheader').length;
    expect(seen).toHaveBeenCalledTimes(4 * columns);
    seen.mockClear();
    react(() => void rows.overlay(torrent(2).id, { down_rate: 5000 }));
    expect(new Set(seen.mock.calls.map(([, r]) => r.id))).toEqual(new Set([torrent(2).id]));
    expect(seen).toHaveBeenCalledTimes(columns);
  });

  it('are in the document only if they are seen', () => {
    load(Array.from({ length: 2000 }, (_, n) => torrent(n + 1)));
    show();
    expect(grid().getAttribute('aria-rowcount')).toBe('2001');
    const there = grid().querySelectorAll('[data-id]').length;
    expect(there).toBeGreaterThan(10);
    expect(there).toBeLessThan(80);
  });

  it('say why they wait', () => {
    load([
      torrent(1, { state: 'queued', queue: 2 }),
      torrent(2, { state: 'failed', error: { code: 'no_space', detail: 'disk is full', since: null } }),
    ]);
    show();
    expect(row(1).textContent).toContain('Queued · place 3');
    expect(row(2).textContent).toContain('Failed · disk full');
  });

  it('show names of strangers as text', () => {
    load([torrent(1, { name: '<img src=x onerror=alert(1)>‮gpj' })]);
    show();
    expect(row(1).querySelector('img')).toBeNull();
    expect(row(1).textContent).toContain('⟨202e⟩gpj');
  });
});

describe('keys', () => {
  const three = () => load([3, 2, 1].map((n) => torrent(n)));
  const id = (n: number) => torrent(n).id;

  it('have one stop for tab, and move the focus', async () => {
    three();
    const user = show();
    await user.keyboard('j');
    expect(focused()).toBe(id(3));
    await user.keyboard('{ArrowDown}{ArrowDown}{ArrowDown}');
    expect(focused()).toBe(id(1));
    expect(grid().querySelectorAll('[data-id][tabindex="0"]')).toHaveLength(1);
    await user.keyboard('{Home}');
    expect(focused()).toBe(id(3));
    await user.keyboard('k');
    expect(focused()).toBe(id(3));
  });

  it('select, stretch, take all and let go', async () => {
    three();
    const user = show();
    const selected = () => grid().querySelectorAll('[aria-selected=true]').length;
    await user.keyboard('jx');
    expect(selected()).toBe(1);
    await user.keyboard('{Shift>}{ArrowDown}{/Shift}');
    expect(selected()).toBe(2);
    await user.keyboard('{Control>}a{/Control}');
    expect(selected()).toBe(3);
    expect(screen.getByRole('toolbar', { name: 'Selected torrents' }).textContent).toContain('3 selected');
    await user.keyboard('{Escape}');
    expect(selected()).toBe(0);
  });

  it('leave escape to the page when there is nothing to let go of', async () => {
    three();
    const user = show();
    await user.keyboard('j');
    expect(fireEvent.keyDown(row(3), { key: 'Escape' })).toBe(true);
    await user.keyboard('x');
    expect(fireEvent.keyDown(row(3), { key: 'Escape' })).toBe(false);
  });

  it('pause with space, and open with enter', async () => {
    const pause = vi.spyOn(act, 'pause').mockReturnValue(done);
    three();
    const user = show();
    await user.keyboard('j ');
    expect(pause).toHaveBeenCalledWith([id(3)]);
    await user.keyboard('{Enter}');
    expect(location.hash).toBe(`#/t/${id(3)}/overview`);
  });

  it('open the menu of a row, and carry out what is chosen', async () => {
    const check = vi.spyOn(act, 'check').mockReturnValue(done);
    three();
    const user = show();
    await user.keyboard('j{Shift>}{F10}{/Shift}');
    await user.click(screen.getByRole('menuitem', { name: 'Check data', hidden: true }));
    expect(check).toHaveBeenCalledWith([id(3)]);
  });

  it('change nothing with a token that may look', async () => {
    const pause = vi.spyOn(act, 'pause').mockReturnValue(done);
    link.update({ level: 'read' });
    three();
    const user = show();
    await user.keyboard('j x');
    expect(pause).not.toHaveBeenCalled();
    expect(screen.queryByRole('toolbar')).toBeNull();
  });
});

describe('an open torrent', () => {
  it('is where the cursor begins', async () => {
    load([3, 2, 1].map((n) => torrent(n)));
    location.hash = `#/t/${torrent(2).id}/files`;
    const user = show();
    expect(row(2).dataset['open']).toBe('true');
    await user.keyboard('j');
    expect(focused()).toBe(torrent(1).id);
  });

  it('is another one after a click', async () => {
    load([3, 2, 1].map((n) => torrent(n)));
    location.hash = `#/t/${torrent(2).id}/files`;
    const user = show();
    await user.click(row(1));
    expect(location.hash).toBe(`#/t/${torrent(1).id}/files`);
  });
});

describe('columns', () => {
  it('sort by a click, and by further ones with shift', async () => {
    load([torrent(1), torrent(2)]);
    const user = show();
    await user.click(screen.getByRole('button', { name: 'Size' }));
    expect(location.hash).toBe('#/?sort=-size');
    expect(screen.getByRole('columnheader', { name: 'Size' }).getAttribute('aria-sort')).toBe('descending');
    await user.keyboard('{Shift>}');
    await user.click(screen.getByRole('button', { name: 'Name' }));
    expect(location.hash).toBe('#/?sort=-size,name');
  });

  it('are left out and moved by keys, and stay so at the next visit', async () => {
    load([torrent(1)]);
    const user = show();
    await user.click(screen.getByRole('button', { name: 'Columns' }));
    await user.click(screen.getByRole('menuitemcheckbox', { name: 'ETA', hidden: true }));
    expect(screen.queryByRole('columnheader', { name: 'ETA' })).toBeNull();
    screen.getByRole('button', { name: 'Size' }).focus();
    await user.keyboard('{Control>}{ArrowLeft}{/Control}');
    const cols = 'cols=name,state,size,progress,down_rate,up_rate,ratio,peers,added';
    await vi.waitFor(() => expect(location.hash).toBe(`#/?${cols}`));
    expect(localStorage.getItem('gotor.list')).toBe(cols);
  });
});

describe('filters', () => {
  it('are found while typing', async () => {
    load([torrent(1, { name: 'debian' }), torrent(2, { name: 'fedora' })]);
    const user = show();
    await user.keyboard('/');
    await user.keyboard('fed');
    expect(await screen.findByText('1 of 2')).toBeDefined();
    expect(location.hash).toBe('#/?q=fed');
  });

  it('that let nothing through can each be left', async () => {
    load([torrent(1, { labels: ['tv'] })]);
    location.hash = '#/?state=failed&label=tv';
    const user = show();
    expect(screen.getByRole('heading', { name: 'Nothing matches' })).toBeDefined();
    await user.click(screen.getAllByRole('button', { name: 'Leave state Failed' })[0] as HTMLElement);
    expect(location.hash).toBe('#/?label=tv');
    expect(row(1)).toBeDefined();
  });

  it('are in the rail with their counts', async () => {
    load([torrent(1, { labels: ['tv'] }), torrent(2, { state: 'seeding' })]);
    const user = show();
    const rail = screen.getByRole('navigation', { name: 'Filters' });
    await user.click(within(rail).getByRole('button', { name: /tv 1/ }));
    expect(location.hash).toBe('#/?label=tv');
    expect(within(rail).getByRole('button', { name: /tv 1/ }).getAttribute('aria-pressed')).toBe('true');
  });

  it('are saved as a view', async () => {
    load([torrent(1, { labels: ['tv'] })]);
    location.hash = '#/?label=tv';
    const user = show();
    await user.click(screen.getByRole('button', { name: 'Save this view' }));
    await user.keyboard('Shows{Enter}');
    await user.click(screen.getByRole('button', { name: 'All 1' }));
    expect(location.hash).toBe('#/');
    await user.click(screen.getByRole('button', { name: 'Shows' }));
    expect(location.hash).toBe('#/?label=tv');
  });
});

it('without torrents says how to have some', () => {
  load([]);
  show();
  expect(screen.getByRole('heading', { name: 'No torrents yet' })).toBeDefined();
  expect(screen.getByText('gotor ctl add FILE.torrent')).toBeDefined();
});
