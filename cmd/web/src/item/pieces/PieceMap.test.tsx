import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Bucket } from '../../api/types';
import { PieceMap } from './PieceMap';

const buckets = (n: number): Bucket[] => Array.from({ length: n }, (_, first) => ({ first, pieces: 1, done: 0, unwanted: 0, partial: 0, availability: 1 }));

function Shown({ of }: { of: Bucket[] }) {
  const [at, setAt] = useState<number>();
  return <PieceMap buckets={of} view="state" width={180} height={400} at={at} onAt={setAt} text={at === undefined ? '' : `piece ${at}`} />;
}

const canvas = { fillRect: vi.fn(), clearRect: vi.fn(), fillStyle: '', globalAlpha: 1 };

beforeEach(() => {
  vi.clearAllMocks();
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(canvas as never);
});

describe('PieceMap', () => {
  test('keys walk over the cells, and each is said', async () => {
    render(<Shown of={buckets(100)} />);
    const map = screen.getByRole('slider', { name: 'Pieces' });
    map.focus();
    await userEvent.keyboard('{ArrowRight}{ArrowDown}');
    expect(map.getAttribute('aria-valuetext')).toBe('piece 11');
    await userEvent.keyboard('{End}');
    expect(map.getAttribute('aria-valuenow')).toBe('99');
  });

  test('the pointer names a cell, and lets go of it', () => {
    render(<Shown of={buckets(100)} />);
    const map = screen.getByRole('slider');
    fireEvent.pointerMove(map, { clientX: 20, clientY: 20 });
    expect(map.getAttribute('aria-valuetext')).toBe('piece 11');
    fireEvent.pointerLeave(map);
    expect(map.getAttribute('aria-valuetext')).toBe('');
  });

  test('pointing draws nothing again, a change only its cell', () => {
    const was = buckets(50);
    const { rerender } = render(<Shown of={was} />);
    const drawn = canvas.clearRect.mock.calls.length;
    expect(drawn).toBe(50);
    fireEvent.pointerMove(screen.getByRole('slider'), { clientX: 20, clientY: 20 });
    expect(canvas.clearRect.mock.calls.length).toBe(drawn);
    rerender(<Shown of={was.map((b) => (b.first === 7 ? { ...b, done: 1 } : b))} />);
    expect(canvas.clearRect.mock.calls.length).toBe(drawn + 1);
  });
});
