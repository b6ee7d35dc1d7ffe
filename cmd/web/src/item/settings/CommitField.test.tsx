import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import { CommitField } from './CommitField';

function show(): { onCommit: ReturnType<typeof vi.fn<(text: string) => void>>; field: HTMLInputElement } {
  const onCommit = vi.fn<(text: string) => void>();
  render(<CommitField label="Limit" value="5" check={(t) => (/^\d*$/.test(t) ? '' : 'Digits only.')} onCommit={onCommit} />);
  return { onCommit, field: screen.getByRole('textbox', { name: 'Limit' }) };
}

describe('CommitField', () => {
  test('takes effect when it is left', async () => {
    const { onCommit, field } = show();
    await userEvent.type(field, '7');
    expect(onCommit).not.toHaveBeenCalled();
    await userEvent.tab();
    expect(onCommit).toHaveBeenCalledExactlyOnceWith('57');
  });
  test('enter does so, too, once', async () => {
    const { onCommit, field } = show();
    await userEvent.type(field, '7{Enter}');
    await userEvent.tab();
    expect(onCommit).toHaveBeenCalledOnce();
  });
  test('escape takes it back', async () => {
    const { onCommit, field } = show();
    await userEvent.type(field, '7{Escape}');
    expect(field.value).toBe('5');
    await userEvent.tab();
    expect(onCommit).not.toHaveBeenCalled();
  });
  test('what is wrong is said, and not sent', async () => {
    const { onCommit, field } = show();
    await userEvent.type(field, 'x{Enter}');
    expect(screen.getByRole('alert').textContent).toBe('Digits only.');
    expect(onCommit).not.toHaveBeenCalled();
  });
  test('what is as it was is not sent', async () => {
    const { onCommit, field } = show();
    await userEvent.type(field, '7{Backspace}{Enter}');
    expect(onCommit).not.toHaveBeenCalled();
  });
});
