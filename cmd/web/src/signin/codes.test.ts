// @vitest-environment jsdom
import { afterEach, expect, test, vi } from 'vitest';
import { followCodes } from './codes';

const signIn = vi.hoisted(() => vi.fn(() => Promise.resolve()));
vi.mock('../api/daemon', () => ({ signIn }));

afterEach(() => { signIn.mockClear(); });

test('a code that comes into the address signs in, and goes', () => {
  const end = followCodes();
  history.replaceState(null, '', '#code=once');
  dispatchEvent(new HashChangeEvent('hashchange'));
  expect(signIn).toHaveBeenCalledWith({ code: 'once' });
  expect(location.hash).toBe('#/');
  history.replaceState(null, '', '#/settings');
  dispatchEvent(new HashChangeEvent('hashchange'));
  expect(signIn).toHaveBeenCalledTimes(1);
  end();
});
