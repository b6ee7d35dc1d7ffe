import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stream } from '../api/daemon';
import { ApiProblem } from '../api/problem';
import { link } from '../store/link';
import { refusedCode } from '../store/login';
import { problem } from '../testing/daemon';
import { replies } from '../testing/replies';
import { Refused } from './Refused';
import SignIn from './SignIn';

beforeEach(() => {
  vi.spyOn(stream, 'restart').mockReturnValue();
  link.update({ state: 'signed-out' });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  refusedCode.set(undefined);
});

const field = () => screen.getByLabelText<HTMLInputElement>('Token');

async function sign(token: string) {
  await userEvent.type(field(), `${token}{Enter}`);
}

describe('SignIn', () => {
  it('trades a token for a login', async () => {
    const calls = replies(() => new Response(null, { status: 204 }));
    render(<SignIn />);
    expect(document.activeElement).toBe(field());
    await sign('  secret ');
    await waitFor(() => expect(link.get().state).toBe('loading'));
    expect(calls.map((c) => [c.method, c.url.pathname, c.body])).toEqual([['POST', '/api/v1/session', '{"token":"secret"}']]);
  });

  it.each([
    [401, 'unauthorized', 'wrong token', 'This token is wrong.'],
    [422, 'invalid', '', 'This cannot be a token.'],
    [500, 'internal', '', 'The daemon made a mistake. Its log says more.'],
    [503, 'not_ready', 'the daemon stops', 'The daemon cannot do this now. the daemon stops'],
  ])('says what %d is', async (status, code, detail, want) => {
    replies(() => problem(status, code, detail));
    render(<SignIn />);
    await sign('x');
    expect((await screen.findByRole('alert')).textContent).toBe(want);
    expect(field().getAttribute('aria-invalid')).toBe('true');
  });

  it('says that nobody answers', async () => {
    replies(() => {
      throw new TypeError('Failed to fetch');
    });
    render(<SignIn />);
    await sign('x');
    expect((await screen.findByRole('alert')).textContent).toBe('The daemon does not answer. It may have stopped, or the network is down.');
  });

  it('counts down after too many tries, whatever the clock does', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date', 'performance'] });
    const calls = replies(() => problem(429, 'too_many', '', { 'Retry-After': '3' }));
    render(<SignIn />);
    fireEvent.change(field(), { target: { value: 'x' } });
    fireEvent.submit(field());
    const button = await screen.findByRole<HTMLButtonElement>('button', { name: 'Wait 3 s' });
    expect(button.disabled).toBe(true);
    fireEvent.submit(field());
    expect(calls).toHaveLength(1);
    act(() => vi.advanceTimersByTime(1000));
    expect(button.textContent).toBe('Wait 2 s');
    vi.setSystemTime(Date.now() - 3_600_000); // somebody sets the clock back
    act(() => vi.advanceTimersByTime(2000));
    expect(button.textContent).toBe('Sign in');
    expect(button.disabled).toBe(false);
  });

  it('says that a link was used before', () => {
    refusedCode.set(new ApiProblem({ status: 401 }));
    render(<SignIn />);
    expect(screen.getByText(/The link does not sign in any more/)).toBeTruthy();
  });

  it('waits where the link met with too many tries', () => {
    refusedCode.set(new ApiProblem({ status: 429, retryAfter: 40 }));
    render(<SignIn />);
    expect(screen.getByRole('button', { name: 'Wait 40 s' })).toBeTruthy();
  });

  it('names the flag that allows a name', () => {
    link.update({ state: 'refused-host', detail: 'the daemon is not called "nas" here: allow the name with --host' });
    render(<SignIn />);
    expect(screen.getByText(/--host localhost/)).toBeTruthy();
    expect(screen.getByText(/is not called "nas" here/)).toBeTruthy();
  });

  it('shows a hostile name as text', () => {
    render(<Refused name={'<img src=x>\u202e'} />);
    expect(screen.getByRole('heading').textContent).toBe('The daemon is not called <img src=x>⟨202e⟩');
  });
});
