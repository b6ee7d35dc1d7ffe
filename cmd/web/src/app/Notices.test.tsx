import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { notify } from '../store/notices';
import { Notices } from './Notices';

it('shows what went wrong, and does what the button says once', async () => {
  const run = vi.fn();
  render(<Notices />);
  act(() => void notify({ kind: 'bad', text: 'Pausing x failed.', detail: 'x is open elsewhere', action: { label: 'Try again', run } }));
  expect(screen.getByText('x is open elsewhere')).toBeDefined();
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(run).toHaveBeenCalledTimes(1);
  expect(screen.queryByText('Pausing x failed.')).toBeNull();
});

it('can be sent away', async () => {
  render(<Notices />);
  act(() => void notify({ kind: 'info', text: 'Well.' }));
  await userEvent.click(screen.getByRole('button', { name: 'Close this message' }));
  expect(screen.queryByText('Well.')).toBeNull();
});
