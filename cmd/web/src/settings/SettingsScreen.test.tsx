import { fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { base } from '../api/client';
import { install, type Fake } from '../fake/install';
import { link } from '../store/link';
import { settings } from '../store/settings';
import SettingsScreen from './SettingsScreen';

let fake: Fake;

beforeEach(() => {
  fake = install(base, '', 1);
  settings.set(fake.world.settings);
  link.update({ state: 'live', level: 'full' });
  Element.prototype.scrollIntoView = () => undefined;
});
afterEach(() => { fake.uninstall(); });

test('a rate is read as people write it, and sent when it is left', async () => {
  render(<SettingsScreen section="" />);
  const field = screen.getByLabelText('Download');
  fireEvent.change(field, { target: { value: '500 KiB/s' } });
  fireEvent.keyDown(field, { key: 'Enter' });
  await vi.waitFor(() => expect(fake.world.settings.max_down.value).toBe(512_000));
  fireEvent.change(field, { target: { value: 'a lot' } });
  fireEvent.blur(field);
  expect(field.getAttribute('aria-invalid')).toBe('true');
  expect(fake.world.settings.max_down.value).toBe(512_000);
});

test('what a flag fixed is shown as such, and cannot be changed', () => {
  render(<SettingsScreen section="" />);
  expect(screen.getByLabelText<HTMLInputElement>('Checks at a time').disabled).toBe(true);
  expect(screen.getAllByText(/Fixed by a flag of gotor serve/).length).toBeGreaterThan(0);
});

test('a token that only reads changes nothing', () => {
  link.update({ level: 'read' });
  render(<SettingsScreen section="" />);
  expect(screen.getByLabelText<HTMLInputElement>('Download').disabled).toBe(true);
  expect(screen.queryByRole('button', { name: /back to the default/ })).toBeNull();
  expect(screen.queryByRole('button', { name: /No limits for/ })).toBeNull();
});

test('the week is painted by keys', async () => {
  const { container } = render(<SettingsScreen section="" />);
  const cell = container.querySelector('[data-at="0.16"]');
  expect(cell?.getAttribute('aria-label')).toMatch(/^Monday 08:00 to 08:30: 4 MiB\/s down/);
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) fireEvent.keyDown(cell ?? container, { key, shiftKey: true });
  fireEvent.keyDown(cell ?? container, { key: ' ' });
  await vi.waitFor(() => expect(fake.world.settings.schedule.from).toBe('api'));
  expect(fake.world.settings.schedule.value).toContainEqual({ days: 'mon-wed', from: '08:00', to: '09:00', max_down: 2 ** 20, max_up: 2 ** 18 });
});
