import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import type { ApiProblem } from '../api/problem';
import { explain } from '../api/problem';
import { href } from '../app/route';
import type { Log } from '../api/types';
import { Field, Select } from '../ui/Field';
import { count } from '../ui/format';
import { Name } from '../ui/Name';
import styles from './Activity.module.css';
import { follow } from './follow';
import { add, levels, shown, type Level } from './lines';

const labels: Record<Level, string> = { error: 'Errors', warn: 'Warnings', info: 'Infos', debug: 'Everything' };

/** useLog is the log of the daemon while somebody looks. */
function useLog(): { lines: readonly Log[]; trouble: ApiProblem | undefined } {
  const [lines, setLines] = useState<readonly Log[]>([]);
  const [trouble, setTrouble] = useState<ApiProblem>();
  useEffect(() => {
    const end = new AbortController();
    void follow({ lines: (more) => setLines((all) => add(all, more)), trouble: setTrouble }, end.signal);
    return () => end.abort();
  }, []);
  return { lines, trouble };
}

/** LogView is the log, with the newest line in sight unless somebody has scrolled away. */
export default function LogView() {
  const { lines, trouble } = useLog();
  const [level, setLevel] = useState<Level>('info');
  const [q, setQ] = useState('');
  const seen = shown(lines, level, q);
  return (
    <section aria-labelledby="log" className={styles.log}>
      <div className={styles.tools}>
        <h2 id="log">Log</h2>
        <Select label="Level" options={levels.map((l) => ({ value: l, label: labels[l] }))} value={level} onChange={(e) => setLevel(levels.find((l) => l === e.target.value) ?? 'info')} />
        <Field label="Search in the log" type="search" value={q} onChange={(e) => setQ(e.target.value)} />
        <p className={styles.muted}>{count(seen.length)} of {count(lines.length)} lines{trouble && ` · not up to date: ${explain(trouble).title}`}</p>
      </div>
      <Lines lines={seen} />
    </section>
  );
}

const rowHeight = 22;

function Lines({ lines }: { lines: readonly Log[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 20, getItemKey: (i) => lines[i]?.seq ?? i });
  useEffect(() => {
    if (atEnd.current && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [lines, virtual]);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, and keys must reach it
    <div ref={scroller} className={styles.lines} role="log" aria-label="Lines of the log" aria-live="off" tabIndex={0}
      onScroll={(e) => { const el = e.currentTarget; atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < 2 * rowHeight; }}
    >
      <div className={styles.tall} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((v) => {
          const l = lines[v.index];
          return l && <Line key={v.key} line={l} top={v.start} measure={virtual.measureElement} index={v.index} />;
        })}
      </div>
      {lines.length === 0 && <p className={styles.muted}>No line is so.</p>}
    </div>
  );
}

const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' });

function Line({ line, top, measure, index }: { line: Log; top: number; measure: (el: Element | null) => void; index: number }) {
  return (
    <div ref={measure} data-index={index} data-level={line.level} className={styles.entry} style={{ transform: `translateY(${top}px)` }}>
      <time dateTime={line.time}>{times.format(new Date(line.time))}</time>
      <span className={styles.level}>{line.level}</span>
      <span className={styles.text}>
        <Name>{line.text}</Name> {line.id && <a href={href({ name: 'item', id: line.id, tab: 'overview' })} className={styles.link}>show</a>}
      </span>
    </div>
  );
}
