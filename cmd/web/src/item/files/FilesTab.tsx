import { useDeferredValue, useMemo, useState } from 'react';
import { act } from '../../api/actions';
import { explain } from '../../api/problem';
import { useCan } from '../../store/link';
import { Button } from '../../ui/Button';
import { Tree } from '../../ui/Tree';
import type { Priority, Torrent } from '../../api/types';
import { changesFor } from './changes';
import { FileBar } from './FileBar';
import { FileHead } from './FileHead';
import { FileRow } from './FileRow';
import { filesBelow, markOf, matching, visible, type Node } from './tree';
import { storeOf, useFiles } from './useFiles';
import styles from './files.module.css';

/** The files of a torrent: which are wanted, how much of each is here, and what can be done with it. */
export default function FilesTab({ torrent }: { torrent: Torrent }) {
  const can = useCan();
  const files = useFiles(torrent, true);
  const [query, setQuery] = useState('');
  const words = useDeferredValue(query.trim());
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set());
  const [active, setActive] = useState<string>();
  const { tree, version } = files;
  const rows = useMemo(() => {
    void version; // the tree stays the same object when a file changes
    return words === '' ? visible(tree.root, open) : matching(tree.root, words);
  }, [tree, version, open, words]);
  const node = rows.find((n) => keyOf(n) === active);

  if (torrent.pieces === 0) {
    return <p className={styles.none}>It is not known yet what is in this torrent. Files are shown once somebody has told.</p>;
  }
  const toggle = (n: Node): void => setOpen((was) => toggled(was, n.path));
  const prefer = (n: Node, priority: Priority): void => void setPriority(torrent.id, n, priority);
  const check = (n: Node): void => prefer(n, markOf(n) === 'all' ? 'skip' : 'normal');
  return (
    <div className={styles.tab}>
      <FileHead files={files} query={query} onQuery={setQuery} found={words === '' ? undefined : rows.filter((n) => n.kind === 'file').length} torrent={torrent} />
      {files.problem !== undefined && (
        <p role="alert" className={styles.problem}>
          {explain(files.problem).title} <Button onClick={() => void storeOf(torrent.id).load()}>Try again</Button>
        </p>
      )}
      <div className={styles.tree}>
      <Tree<Node>
        label="Files"
        rows={rows}
        keyOf={keyOf}
        textOf={(n) => n.name}
        depthOf={(n) => n.depth}
        expanded={(n) => (n.kind === 'dir' ? words !== '' || open.has(n.path) : undefined)}
        checked={(n) => checkedOf[markOf(n)]}
        onToggle={toggle}
        onOpen={(n) => n.kind === 'dir' && toggle(n)}
        onCheck={can ? check : undefined}
        onActive={(n) => setActive(keyOf(n))}
        render={(n) => <FileRow node={n} id={torrent.id} onCheck={can ? check : undefined} onPriority={can ? prefer : undefined} />}
      />
      </div>
      {node && <FileBar node={node} id={torrent.id} onPriority={can ? prefer : undefined} onRenamed={() => void storeOf(torrent.id).load()} />}
    </div>
  );
}

/** A mark as the tree says it. */
const checkedOf = { all: true, some: 'mixed', none: false } as const;

function keyOf(n: Node): string {
  return n.kind === 'file' ? `f${n.file.index}` : `d${n.path}`;
}

function toggled(was: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const now = new Set(was);
  if (!now.delete(path)) {
    now.add(path);
  }
  return now;
}

/** setPriority shows the new priority at once, and the old one again if the daemon refuses. */
async function setPriority(id: string, n: Node, priority: Priority): Promise<void> {
  const files = filesBelow(n);
  const changes = changesFor(files, priority);
  if (changes.length === 0) {
    return;
  }
  const undo = storeOf(id).prefer(files, priority);
  if ((await act.files(id, changes)) === undefined) {
    undo(); // why has been told
  }
}
