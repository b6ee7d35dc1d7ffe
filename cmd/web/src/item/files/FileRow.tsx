import { bytes, percent } from '../../ui/format';
import { plain } from '../../ui/sanitise';
import type { Priority } from '../../api/types';
import { PrioritySelect } from './PrioritySelect';
import { doneOf, lengthOf, markOf, type Node } from './tree';
import styles from './files.module.css';

interface Props {
  node: Node;
  id: string;
  onCheck: ((n: Node) => void) | undefined;
  onPriority: ((n: Node, p: Priority) => void) | undefined;
}

/** A row of the tree. What it says is said by the tree item, too; its controls are for the pointer. */
export function FileRow({ node, onCheck, onPriority }: Props) {
  const done = doneOf(node);
  const mark = markOf(node);
  return (
    <div className={styles.row} data-mark={mark}>
      <span className={styles.check} data-mark={mark} data-can={onCheck !== undefined || undefined} aria-hidden="true" onClick={onCheck && (() => onCheck(node))} />
      <bdi className={styles.name} title={node.path}>
        {plain(node.name)}
      </bdi>
      <span className={styles.bar} aria-hidden="true">
        <span data-whole={done >= 1 || undefined} style={{ transform: `scaleX(${done})` }} />
      </span>
      <span className={styles.done}>{percent(done)}</span>
      <span className={styles.size}>{bytes(lengthOf(node))}</span>
      <PrioritySelect node={node} onPriority={onPriority} pointerOnly />
    </div>
  );
}
