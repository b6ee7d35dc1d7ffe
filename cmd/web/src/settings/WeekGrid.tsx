import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { rateText } from '../ui/rates';
import styles from './WeekGrid.module.css';
import { cellsADay, days, paint, palette, sameLimit, timeOf, type Area, type Cell, type Limit, type Week } from './week';

const names: Record<(typeof days)[number], string> = { mon: 'Monday', tue: 'Tuesday', wed: 'Wednesday', thu: 'Thursday', fri: 'Friday', sat: 'Saturday', sun: 'Sunday' };

/** sayLimit is a limit in words. */
export function sayLimit(c: Cell): string {
  if (c === null) return 'usual limits';
  const side = (rate: number, way: string) => (rate > 0 ? `${rateText(rate)}/s ${way}` : `no limit ${way}`);
  return `${side(c.max_down, 'down')}, ${side(c.max_up, 'up')}`;
}

interface Props {
  week: Week;
  /** What is painted with; null takes limits away. */
  brush: Cell;
  disabled: boolean;
  onPaint: (week: Week) => void;
}

interface At { day: number; cell: number }

const areaOf = (a: At, b: At): Area => ({ fromDay: a.day, toDay: b.day, from: a.cell, to: b.cell });

/**
 * WeekGrid shows a week by half hours, and has it painted: by dragging, or with the arrow
 * keys, held with shift to reach further, and space. It is a grid as ARIA has it, with one
 * cell in the order of tabs.
 */
export default function WeekGrid({ week, brush, disabled, onPaint }: Props) {
  const [focus, setFocus] = useState<At>({ day: 0, cell: 16 });
  const [anchor, setAnchor] = useState<At | undefined>();
  const [dragging, setDragging] = useState(false);
  const grid = useRef<HTMLDivElement>(null);
  const colors = palette(week);
  const area = anchor && areaOf(anchor, focus);
  const shown = area && dragging ? paint(week, area, brush) : week;

  const finish = () => {
    setDragging(false);
    setAnchor(undefined);
    if (area) onPaint(paint(week, area, brush));
  };
  const move = (day: number, cell: number, reach: boolean) => {
    const to = { day: Math.min(6, Math.max(0, day)), cell: Math.min(cellsADay - 1, Math.max(0, cell)) };
    setAnchor(reach ? (anchor ?? focus) : undefined);
    setFocus(to);
    grid.current?.querySelector<HTMLElement>(`[data-at="${to.day}.${to.cell}"]`)?.focus();
  };
  const onKey = (e: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -cellsADay], End: [0, cellsADay] };
    const step = steps[e.key];
    if (step) move(focus.day + step[0], focus.cell + step[1], e.shiftKey);
    else if ((e.key === ' ' || e.key === 'Enter') && !disabled) {
      onPaint(paint(week, area ?? areaOf(focus, focus), brush));
      setAnchor(undefined);
    } else if (e.key === 'Escape' && anchor) setAnchor(undefined);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const at = (e: PointerEvent): At | undefined => {
    const [day, cell] = (document.elementFromPoint(e.clientX, e.clientY)?.closest<HTMLElement>('[data-at]')?.dataset['at'] ?? '').split('.').map(Number);
    return day === undefined || cell === undefined || Number.isNaN(cell) ? undefined : { day, cell };
  };

  return (
    <div
      ref={grid} role="grid" aria-label="Limits by time of the week" aria-readonly={disabled} aria-multiselectable className={styles.grid}
      onKeyDown={onKey} tabIndex={-1}
      onPointerDown={(e) => {
        const here = at(e);
        if (!here || disabled || e.button !== 0) return;
        setDragging(true);
        e.currentTarget.setPointerCapture(e.pointerId);
        setFocus(here);
        setAnchor(here);
      }}
      onPointerMove={(e) => { const here = dragging ? at(e) : undefined; if (here) setFocus(here); }}
      onPointerUp={() => { if (dragging) finish(); }}
      onPointerCancel={() => { setDragging(false); setAnchor(undefined); }}
    >
      <div className={styles.hours} aria-hidden>
        {[0, 6, 12, 18].map((h) => <span key={h}>{String(h).padStart(2, '0')}:00</span>)}
      </div>
      {shown.map((cells, day) => (
        <Day
          key={days[day]} day={day} cells={cells} colors={colors} brush={brush} focus={focus.day === day ? focus.cell : -1}
          picked={area && inDays(area, day) ? area : undefined} disabled={disabled}
        />
      ))}
    </div>
  );
}

const inDays = (a: Area, day: number) => day >= Math.min(a.fromDay, a.toDay) && day <= Math.max(a.fromDay, a.toDay);
const inCells = (a: Area, cell: number) => cell >= Math.min(a.from, a.to) && cell <= Math.max(a.from, a.to);

interface DayProps { day: number; cells: readonly Cell[]; colors: Limit[]; brush: Cell; focus: number; picked: Area | undefined; disabled: boolean }

function Day({ day, cells, colors, brush, focus, picked }: DayProps) {
  const name = names[days[day] ?? 'mon'];
  const color = (c: Cell) => {
    if (c === null) return undefined;
    const known = colors.findIndex((x) => sameLimit(x, c));
    return (known < 0 && sameLimit(c, brush) ? colors.length : known) % 5;
  };
  return (
    <div role="row" className={styles.day}>
      <span role="rowheader" className={styles.name}>{name.slice(0, 3)}<span className={styles.rest}>{name.slice(3)}</span></span>
      {cells.map((c, i) => (
        <span
          key={i} role="gridcell" data-at={`${day}.${i}`} data-color={color(c)} className={styles.cell}
          aria-label={`${name} ${timeOf(i)} to ${timeOf(i + 1)}: ${sayLimit(c)}`} aria-selected={picked !== undefined && inCells(picked, i)}
          tabIndex={focus === i ? 0 : -1} title={`${timeOf(i)}–${timeOf(i + 1)}: ${sayLimit(c)}`}
        />
      ))}
    </div>
  );
}
