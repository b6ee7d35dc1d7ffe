import type { ReactNode } from 'react';
import { serverNow } from '../store/link';
import type { Row } from '../store/rows';
import { bytes, count, percent, rate, ratio, span, when } from '../ui/format';
import { plain as shownName } from '../ui/sanitise';
import type { ColumnId } from './columns';
import css from './cells.module.css';
import { moment } from './moment';
import { StateMark } from './StateMark';
import { stateTones, stateWords, why } from './why';

const nothing = <span className={css.nothing}>–</span>;

/** What a row shows in a column. Values that say nothing are a dash, so that those that do stand out. */
export function cell(column: ColumnId, row: Row, labelled: boolean): ReactNode {
  return (shows[column] as (row: Row, labelled: boolean) => ReactNode)(row, labelled);
}

const shows: Readonly<Record<ColumnId, (row: Row, labelled: boolean) => ReactNode>> = {
  name: (r, labelled) => <NameCell row={r} labelled={labelled} />,
  state: (r) => <StateCell row={r} />,
  progress: (r) => <ProgressCell row={r} />,
  size: (r) => size(r.size),
  down_rate: (r) => flow(r.down_rate, css.down),
  up_rate: (r) => flow(r.up_rate, css.up),
  eta: (r) => (r.eta === null ? nothing : span(r.eta)),
  ratio: (r) => ratio(r.ratio),
  peers: (r) => <PeersCell row={r} />,
  added: (r) => day(r.added),
  queue: (r) => (r.queue === null ? nothing : count(r.queue + 1)),
  labels: (r) => (r.labels.length === 0 ? nothing : <Labels labels={r.labels} />),
  tracker: (r) => text(r.tracker),
  dir: (r) => text(r.dir),
  wanted: (r) => size(r.wanted),
  verified: (r) => size(r.verified),
  downloaded: (r) => size(r.downloaded),
  uploaded: (r) => size(r.uploaded),
  wasted: (r) => size(r.wasted),
  seeds: (r) => number(r.seeds),
  known: (r) => number(r.known),
  availability: (r) => (r.availability === 0 ? nothing : ratio(r.availability)),
  completed: (r) => day(r.completed),
  active: (r) => day(r.active),
  seconds_downloading: (r) => seconds(r.seconds_downloading),
  seconds_seeding: (r) => seconds(r.seconds_seeding),
  files: (r) => number(r.files),
  private: (r) => (r.private ? 'Private' : nothing),
  id: (r) => <code className={css.hash}>{r.id}</code>,
};

const size = (n: number): ReactNode => (n === 0 ? nothing : bytes(n));
const number = (n: number): ReactNode => (n === 0 ? nothing : count(n));
const seconds = (n: number): ReactNode => (n === 0 ? nothing : span(n));
const flow = (n: number, tone: string | undefined): ReactNode => (n === 0 ? nothing : <span className={tone}>{rate(n)}</span>);

function day(t: string | null): ReactNode {
  if (t === null) return nothing;
  return (
    <time dateTime={t} title={when(t)}>
      {moment(t, serverNow())}
    </time>
  );
}

function text(s: string): ReactNode {
  return s === '' ? nothing : <bdi title={s}>{shownName(s)}</bdi>;
}

function NameCell({ row, labelled }: { row: Row; labelled: boolean }) {
  return (
    <span className={css.name}>
      <StateMark state={row.state} />
      <bdi className={css.title} title={shownName(row.name)}>
        {shownName(row.name)}
      </bdi>
      {labelled && row.labels.length > 0 && <Labels labels={row.labels} />}
    </span>
  );
}

/** More labels than these are a number: the name must stay readable. */
const labelsShown = 2;

export function Labels({ labels }: { labels: readonly string[] }) {
  return (
    <span className={css.labels} title={labels.map(shownName).join(', ')}>
      {labels.slice(0, labelsShown).map((l) => (
        <bdi key={l} className={css.label}>
          {shownName(l)}
        </bdi>
      ))}
      {labels.length > labelsShown && <span className={css.label}>+{count(labels.length - labelsShown)}</span>}
    </span>
  );
}

function StateCell({ row }: { row: Row }) {
  const reason = why(row);
  return (
    <span className={css.state} data-tone={stateTones[row.state]} title={row.error?.detail}>
      <span className={css.word}>{stateWords[row.state]}</span>
      {reason !== '' && <span className={css.why}> · {reason}</span>}
    </span>
  );
}

export function ProgressCell({ row }: { row: Row }) {
  const text = percent(row.progress);
  return (
    <span className={css.progress} data-tone={stateTones[row.state]}>
      <span
        className={css.bar}
        role="progressbar"
        aria-label="Progress"
        aria-valuenow={Math.floor(row.progress * 100)}
        aria-valuetext={text}
      >
        <span className={css.fill} style={{ width: `${String(row.progress * 100)}%` }} />
      </span>
      <span className={css.percent}>{text}</span>
    </span>
  );
}

function PeersCell({ row }: { row: Row }) {
  if (row.peers === 0 && row.swarm.seeders === null) return nothing;
  const crowd = row.swarm.seeders === null ? '' : `; trackers count ${count(row.swarm.seeders)} seeds`;
  return (
    <span title={`${count(row.seeds)} seeds among ${count(row.peers)} peers${crowd}`}>
      {row.peers === 0 ? <span className={css.nothing}>0</span> : `${count(row.seeds)} / ${count(row.peers)}`}
    </span>
  );
}
