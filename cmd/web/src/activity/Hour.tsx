import { useEffect, useRef, useState } from 'react';
import { api, must } from '../api/client';
import { useStats } from '../store/stats';
import type { Chart, Columns } from '../ui/chart';
import { rate, span } from '../ui/format';
import { useSize } from '../ui/useSize';
import styles from './Activity.module.css';
import { digestOf } from './digest';

const hour = 3600;

/** useHour are the rates of the last hour: from the daemon, then as its figures come. */
function useHour(): Columns {
  const stats = useStats();
  const [columns, setColumns] = useState<Columns>([[], [], []]);
  useEffect(() => {
    const end = new AbortController();
    api.GET('/stats', { params: { query: { history: hour } }, signal: end.signal }).then((r) => {
      const { history } = must(r);
      if (!history) return;
      const now = Math.floor(Date.now() / 1000);
      setColumns([history.down.map((_, i) => now - history.down.length + 1 + i), history.down, history.up]);
    }).catch(() => undefined); // the picture begins now
    return () => end.abort();
  }, []);
  const newest = useRef([0, 0]);
  useEffect(() => { newest.current = [stats?.down_rate ?? 0, stats?.up_rate ?? 0]; }, [stats]);
  useEffect(() => {
    const tick = setInterval(() => { // time passes whether something changes or not
      const now = Math.floor(Date.now() / 1000);
      const [down = 0, up = 0] = newest.current;
      if (!document.hidden) setColumns(([x, d, u]) => [[...x, now].slice(-hour), [...d, down].slice(-hour), [...u, up].slice(-hour)]);
    }, 1000);
    return () => clearInterval(tick);
  }, []);
  return columns;
}

/** Hour is the graph of the last hour, and the same in words. */
export default function Hour() {
  const columns = useHour();
  const into = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<Chart>();
  const [at, setAt] = useState<number>();
  const size = useSize(into);
  useEffect(() => {
    let made: Chart | undefined;
    let gone = false;
    void import('../ui/chart').then(({ draw, coloursOf }) => {
      if (gone || !into.current) return;
      made = draw(into.current, coloursOf(into.current), into.current.clientWidth, into.current.clientHeight, setAt);
      setChart(made);
    });
    return () => { gone = true; made?.destroy(); };
  }, []);
  const last = columns[0].at(-1) ?? 0;
  useEffect(() => chart?.data(columns, last - hour, last), [chart, columns, last]);
  useEffect(() => { if (size) chart?.size(size.width, size.height); }, [chart, size]);
  const i = at ?? columns[0].length - 1;
  const d = digestOf(columns);
  return (
    <section aria-labelledby="hour">
      <h2 id="hour">Rates of the last hour</h2>
      <p className={styles.reading}>
        <span data-line="down">Down {rate(columns[1][i] ?? 0) || '0'}</span> <span data-line="up">Up {rate(columns[2][i] ?? 0) || '0'}</span>{' '}
        <span className={styles.muted}>{at === undefined ? 'now' : `${span(last - (columns[0][i] ?? last))} ago`}</span>
      </p>
      <div ref={into} className={styles.chart} aria-hidden="true" />
      <p className={styles.muted}>
        On average {rate(d.down) || '0'} down and {rate(d.up) || '0'} up; at most {rate(d.mostDown) || '0'} down and {rate(d.mostUp) || '0'} up.
      </p>
    </section>
  );
}
