// The graph of rates. This file is loaded when it is looked at, and with it uPlot.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { rate } from './format';

export type Columns = [number[], (number | null)[], (number | null)[]];

export interface Chart {
  data(columns: Columns, from: number, to: number): void;
  size(width: number, height: number): void;
  destroy(): void;
}

export interface Colours {
  down: string;
  up: string;
  text: string;
  grid: string;
}

/** A scale that shows nothing but noise helps nobody: it ends here at the least, bytes per second. */
const leastTop = 10_000;

/** Round numbers of bytes, KiB, MiB and GiB for the lines across. */
const steps = [1, 1024, 1024 ** 2, 1024 ** 3].flatMap((unit) => [1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * unit));

/** clock are times of day in the browser's language; with seconds where lines are closer than a minute. */
function clock(ticks: number[]): string[] {
  const close = ticks.length > 1 && (ticks[1] as number) - (ticks[0] as number) < 60;
  const format = new Intl.DateTimeFormat(undefined, { timeStyle: close ? 'medium' : 'short' });
  return ticks.map((t) => format.format(t * 1000));
}

/** draw puts a graph into an element. hover is told what the pointer is at; undefined: nothing. */
export function draw(into: HTMLElement, c: Colours, width: number, height: number, hover: (index: number | undefined) => void): Chart {
  const axis = { stroke: c.text, grid: { stroke: c.grid, width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  const line = (label: string, stroke: string): uPlot.Series => ({ label, stroke, width: 1.5, fill: `color-mix(in srgb, ${stroke} 12%, transparent)`, points: { show: false }, spanGaps: false });
  let shown: [number, number] = [0, 1];
  const plot = new uPlot(
    {
      width,
      height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: true, range: () => shown }, y: { range: (_u, _min, max) => [0, Math.max(leastTop, max * 1.1)] } },
      axes: [
        { ...axis, space: 70, values: (_u, ticks) => clock(ticks) },
        { ...axis, size: 76, incrs: steps, values: (_u, ticks) => ticks.map((n) => (n === 0 ? '0' : rate(n))) },
      ],
      series: [{}, line('Down', c.down), line('Up', c.up)],
      hooks: { setCursor: [(u) => hover(u.cursor.idx ?? undefined)] },
    },
    [[], [], []],
    into,
  );
  return {
    data(columns, from, to) {
      shown = [from, Math.max(to, from + 1)];
      plot.setData(columns);
    },
    size: (w, h) => plot.setSize({ width: w, height: h }),
    destroy: () => plot.destroy(),
  };
}

/** coloursOf are the colours of the theme that an element is shown in. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim() || 'gray';
  return { down: colour('--rate-down'), up: colour('--rate-up'), text: colour('--rate-text'), grid: colour('--rate-grid') };
}
