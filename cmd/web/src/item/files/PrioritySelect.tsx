import type { Priority } from '../../api/types';
import { priorityOf, type Node } from './tree';
import styles from './files.module.css';

const words: Readonly<Record<Priority | 'mixed', string>> = { high: 'High', normal: 'Normal', low: 'Low', skip: 'Skip', mixed: 'Mixed' };
const all: readonly Priority[] = ['high', 'normal', 'low', 'skip'];

interface Props {
  node: Node;
  onPriority: ((n: Node, p: Priority) => void) | undefined;
  /** Keys reach it elsewhere. */
  pointerOnly?: boolean;
}

/** How much a file, or all in a folder, is wanted. */
export function PrioritySelect({ node, onPriority, pointerOnly }: Props) {
  const now = priorityOf(node);
  if (!onPriority) {
    return <span className={styles.priority}>{words[now]}</span>;
  }
  return (
    <select
      className={styles.priority}
      data-priority={now}
      aria-label={`Priority of ${node.name}`}
      tabIndex={pointerOnly ? -1 : 0}
      value={now}
      onClick={(e) => e.stopPropagation()}
      onChange={(e) => onPriority(node, e.target.value as Priority)}
    >
      {now === 'mixed' && (
        <option value="mixed" disabled>
          {words.mixed}
        </option>
      )}
      {all.map((p) => (
        <option key={p} value={p}>
          {words[p]}
        </option>
      ))}
    </select>
  );
}
