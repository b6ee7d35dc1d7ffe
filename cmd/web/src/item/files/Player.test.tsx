import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { Player } from './Player';

const show = (path: string, kind: 'video' | 'audio' | 'picture'): void => {
  render(<Player id={'a'.repeat(40)} index={3} path={path} kind={kind} onClose={vi.fn()} />);
};

test.each([
  ['d/film.mkv', 'video', 'video'],
  ['song.flac', 'audio', 'audio'],
  ['cover.png', 'picture', 'img'],
] as const)('%s', (path, kind, tag) => {
  show(path, kind);
  expect(document.querySelector(tag)?.getAttribute('src')).toMatch(/\/files\/3\/content\?inline=1$/);
});

test('what the browser cannot show is said, and not tried again', () => {
  show('cover.png', 'picture');
  fireEvent.error(screen.getByRole('img', { hidden: true }));
  expect(screen.getByRole('alert', { hidden: true }).textContent).toMatch(/^The browser cannot show/);
  expect(document.querySelector('img')).toBeNull();
});
