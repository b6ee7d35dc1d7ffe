import { useLayoutEffect, useMemo, useRef, type KeyboardEvent, type PointerEvent, type RefObject } from 'react';
import type { Bucket } from '../../api/types';
import { cellAt, layOut, step, type Layout } from './layout';
import { codesOf, paint, type View } from './paint';
import { usePalette, useScale } from './screen';
import styles from './pieces.module.css';

interface Props {
  buckets: readonly Bucket[];
  view: View;
  width: number;
  height: number;
  /** The cell that is named; undefined: none. */
  at: number | undefined;
  onAt: (cell: number | undefined) => void;
  /** What a screen reader says of the cell. */
  text: string;
}

/** The picture of the pieces: a canvas that pointer and keys walk over, cell by cell. */
export function PieceMap({ buckets, view, width, height, at, onAt, text }: Props) {
  const scale = useScale();
  const layout = useMemo(() => layOut(buckets.length, width, height, scale), [buckets.length, width, height, scale]);
  const canvas = useRef<HTMLCanvasElement>(null);
  usePainted(canvas, layout, buckets, view, scale);

  const point = (e: PointerEvent<HTMLElement>): void => {
    const box = e.currentTarget.getBoundingClientRect();
    onAt(cellAt(layout, e.clientX - box.left, e.clientY - box.top));
  };
  const key = (e: KeyboardEvent): void => {
    const next = at === undefined ? 0 : step(layout, at, e.key);
    if (next !== undefined && step(layout, 0, e.key) !== undefined) {
      e.preventDefault();
      onAt(next);
    }
  };
  return (
    <div
      className={styles.map}
      role="slider"
      tabIndex={0}
      aria-label="Pieces"
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={Math.max(0, buckets.length - 1)}
      aria-valuenow={at ?? 0}
      aria-valuetext={text}
      style={{ width: layout.width, height: layout.height }}
      onPointerMove={point}
      onPointerDown={point}
      onPointerLeave={() => onAt(undefined)}
      onKeyDown={key}
      onFocus={() => onAt(at ?? 0)}
      onBlur={() => onAt(undefined)}
    >
      <canvas ref={canvas} className={styles.canvas} aria-hidden="true" />
      {at !== undefined && at < buckets.length && <Cursor layout={layout} at={at} />}
    </div>
  );
}

/** The frame round the cell that is named: an element of its own, so that nothing is drawn again. */
function Cursor({ layout, at }: { layout: Layout; at: number }) {
  const x = (at % layout.columns) * layout.pitch;
  const y = Math.floor(at / layout.columns) * layout.pitch;
  return <span className={styles.cursor} style={{ transform: `translate(${x}px, ${y}px)`, width: layout.pitch - 1, height: layout.pitch - 1 }} />;
}

/** usePainted keeps the canvas as the pieces are, and draws only cells that changed. */
function usePainted(ref: RefObject<HTMLCanvasElement | null>, layout: Layout, buckets: readonly Bucket[], view: View, scale: number): void {
  const palette = usePalette(ref);
  const drawn = useRef<{ layout: Layout; palette: unknown; codes: Uint8Array } | undefined>(undefined);
  useLayoutEffect(() => {
    const canvas = ref.current;
    const g = canvas?.getContext('2d');
    if (!canvas || !g || !palette) {
      return;
    }
    const was = drawn.current?.layout === layout && drawn.current.palette === palette ? drawn.current.codes : undefined;
    if (!was) {
      const pitch = Math.round(layout.pitch * scale);
      canvas.width = layout.columns * pitch; // empties it, too
      canvas.height = layout.rows * pitch;
    }
    const codes = codesOf(buckets, view);
    paint(g, layout, codes, was, palette, scale);
    drawn.current = { layout, palette, codes };
  }, [ref, layout, buckets, view, scale, palette]);
}
