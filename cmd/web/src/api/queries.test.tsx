import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { EntriesEvent, Peer } from './types';
import { heard } from './item';
import { keys, queries, usePeers } from './queries';

const id = 'a'.repeat(40);
const peers = (...addrs: string[]): EntriesEvent<Peer> => ({ id, entries: addrs.map((addr) => ({ addr, down_rate: 1 })), removed: [] });

let answer: ((r: Response) => void) | undefined;
const answered = (peers: unknown[]) => vi.waitFor(() => answer?.(Response.json(peers)) ?? expect(answer).toBeDefined());

beforeEach(() => {
  queries.clear();
  answer = undefined;
  vi.stubGlobal('fetch', () => new Promise<Response>((ok) => (answer = ok)));
});
afterEach(() => vi.unstubAllGlobals());

function Peers() {
  const { data } = usePeers(id);
  return <p>{data ? data.map((p) => `${p.addr} ${p.down_rate}`).join(', ') : 'none yet'}</p>;
}

const show = () =>
  render(
    <QueryClientProvider client={queries}>
      <Peers />
    </QueryClientProvider>,
  );

it('shows peers as they were asked for, then as the stream tells', async () => {
  show();
  await answered([{ addr: 'a:1', down_rate: 5 }]);
  expect(await screen.findByText('a:1 5')).toBeDefined();
  heard('hello', {});
  act(() => heard('peers', peers('a:1', 'b:2')));
  expect(await screen.findByText('a:1 1, b:2 1')).toBeDefined();
  act(() => heard('peers', { id, entries: [{ addr: 'b:2', down_rate: 9 }], removed: ['a:1'] }));
  expect(await screen.findByText('b:2 9')).toBeDefined();
});

it('forgets, when the stream begins anew, who went meanwhile', () => {
  heard('hello', {});
  heard('peers', peers('a:1', 'b:2'));
  heard('peers', peers('c:3'));
  expect(queries.getQueryData<Peer[]>(keys.peers(id))).toHaveLength(3);
  heard('hello', {});
  heard('peers', peers('c:3'));
  expect(queries.getQueryData<Peer[]>(keys.peers(id))?.map((p) => p.addr)).toEqual(['c:3']);
});

it('takes no answer that is older than what the stream has told', async () => {
  show();
  await vi.waitFor(() => expect(answer).toBeDefined());
  heard('hello', {});
  act(() => heard('peers', peers('new:1')));
  await answered([{ addr: 'old:1', down_rate: 5 }]);
  await act(() => new Promise((ok) => setTimeout(ok, 20)));
  expect(screen.getByText('new:1 1')).toBeDefined();
});
