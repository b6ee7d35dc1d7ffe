import { useEffect, useRef, useState, type RefObject } from 'react';
import { span, when } from '../../ui/format';
import { speed } from '../speed';
import type { Torrent } from '../../api/types';
import { useSize } from '../../ui/useSize';
import type { Chart } from '../../ui/chart';
import { columns, digest, type Sample } from './rateLog';
import { useSamples } from './useSamples';
import styles from './rates.module.css';

const spans = [
  { seconds: 60, label: '1 min' },
  { seconds: 600, label: '10 min' },
  { seconds: 3600, label: '1 h' },
] as const;

/** How fast it was over the last minutes, as a graph and in numbers. */
export default function RatesTab({ torrent }: { torrent: Torrent }) {
  const all = useSamples(torrent.id);
  const [seconds, setSeconds] = useState<number>(600);
  const now = all.at(-1)?.at ?? 0;
  const samples = all.filter((s) => s.at > now - seconds);
  const [hover, setHover] = useState<number>();
  const into = useRef<HTMLDivElement>(null);
  // What was collected fills the graph, once it is a minute.
  const from = Math.max(now - seconds, Math.min(samples[0]?.at ?? now, now - 60));
  useChart(into, samples, from, now, setHover);
  return (
    <div className={styles.tab}>
      <div className={styles.top}>
      <div role="radiogroup" aria-label="How far back" className={styles.spans}>
        {spans.map((s) => (
          <label key={s.seconds}>
            <input type="radio" name="rates-span" checked={seconds === s.seconds} onChange={() => setSeconds(s.seconds)} />
            <span>{s.label}</span>
          </label>
        ))}
      </div>
      <Reading sample={hover === undefined ? undefined : at(samples, hover)} torrent={torrent} />
      </div>
      <div ref={into} className={styles.chart} aria-hidden="true" />
      <Words samples={samples} />
    </div>
  );
}

/** at is the sample at a place of the graph, in which gaps have places, too. */
function at(samples: readonly Sample[], index: number): Sample | undefined {
  const time = columns(samples)[0][index];
  return samples.find((s) => s.at === time);
}

/** What the pointer is at, or how it is now. */
function Reading({ sample, torrent }: { sample: Sample | undefined; torrent: Torrent }) {
  return (
    <p className={styles.reading}>
      <span data-line="down">Down {speed(sample?.down ?? torrent.down_rate)}</span>
      <span data-line="up">Up {speed(sample?.up ?? torrent.up_rate)}</span>
      <span>{sample ? when(new Date(sample.at * 1000).toISOString()) : 'now'}</span>
    </p>
  );
}

/** The graph in words. */
function Words({ samples }: { samples: readonly Sample[] }) {
  const d = digest(samples);
  if (!d) {
    return <p className={styles.words}>The graph begins now: rates of single torrents are collected while they are open.</p>;
  }
  return (
    <p className={styles.words}>
      Of the last {span(Math.max(1, d.to - d.from))}: down {speed(d.downMean)} on average and {speed(d.downMost)} at most, up {speed(d.upMean)} on average and {speed(d.upMost)} at most. Collected
      while this torrent is open.
    </p>
  );
}

/** useChart loads the graph, and keeps it as the samples are. */
function useChart(into: RefObject<HTMLDivElement | null>, samples: readonly Sample[], from: number, to: number, hover: (i: number | undefined) => void): void {
  const [chart, setChart] = useState<Chart>();
  const size = useSize(into);
  useEffect(() => {
    let made: Chart | undefined;
    let gone = false;
    void import('../../ui/chart').then(({ draw, coloursOf }) => {
      const element = into.current;
      if (!gone && element) {
        made = draw(element, coloursOf(element), element.clientWidth, element.clientHeight, hover);
        setChart(made);
      }
    });
    return () => {
      gone = true;
      made?.destroy();
    };
  }, [into, hover]);
  useEffect(() => chart?.data(columns(samples), from, to), [chart, samples, from, to]);
  useEffect(() => {
    if (size) {
      chart?.size(size.width, size.height);
    }
  }, [chart, size]);
}
