import { useState } from 'react';
import { notify } from '../../store/notices';
import { useCan } from '../../store/link';
import { Button } from '../../ui/Button';
import { bytes, count, percent } from '../../ui/format';
import { plain } from '../../ui/sanitise';
import type { Priority } from '../../api/types';
import { inWords } from '../useSubmit';
import { archivePath, contentPath, copyLink, openInTab } from './content';
import { kindOf } from './kinds';
import { Player } from './Player';
import { PrioritySelect } from './PrioritySelect';
import { indexLists } from './ranges';
import { RenameDialog } from './RenameDialog';
import { doneOf, filesBelow, lengthOf, type Leaf, type Node } from './tree';
import styles from './files.module.css';

interface Props {
  id: string;
  node: Node;
  onPriority: ((n: Node, p: Priority) => void) | undefined;
  onRenamed: () => void;
}

/** Below the tree: what can be done with the file or folder that is marked. */
export function FileBar({ id, node, onPriority, onRenamed }: Props) {
  const can = useCan();
  const [renaming, setRenaming] = useState(false);
  return (
    <div className={styles.file} role="toolbar" aria-label={`Actions for ${node.name}`}>
      <p className={styles.about}>
        <bdi>{plain(node.path)}</bdi>
        <span>
          {bytes(lengthOf(node))}, {percent(doneOf(node))} here{node.kind === 'dir' ? `, ${count(node.files)} files` : ''}
        </span>
      </p>
      <div className={styles.actions}>
        {onPriority && <PrioritySelect node={node} onPriority={onPriority} />}
        {node.kind === 'file' ? <FileActions id={id} leaf={node} /> : <SaveFolder id={id} node={node} />}
        {can && <Button onClick={() => setRenaming(true)}>Rename</Button>}
      </div>
      {renaming && <RenameDialog id={id} path={node.path} onClose={() => setRenaming(false)} onDone={onRenamed} />}
    </div>
  );
}

function FileActions({ id, leaf }: { id: string; leaf: Leaf }) {
  const [playing, setPlaying] = useState(false);
  const kind = kindOf(leaf.path);
  const { index } = leaf.file;
  return (
    <>
      {kind && <Button onClick={() => setPlaying(true)}>{kind === 'picture' ? 'Show' : 'Play'}</Button>}
      {kind && <Button onClick={() => tell(openInTab(id, index))}>Open in a tab</Button>}
      <a className={styles.save} href={contentPath(id, index)} download={leaf.name}>
        Save
      </a>
      <Button onClick={() => tell(copyLink(id, index))}>Copy link</Button>
      {playing && kind && <Player id={id} index={index} path={leaf.path} kind={kind} onClose={() => setPlaying(false)} />}
    </>
  );
}

/** A folder is saved as an archive of its files, if they can be named in an address. */
function SaveFolder({ id, node }: { id: string; node: Node }) {
  const lists = indexLists(filesBelow(node).map((f) => f.index), 4000);
  const [list] = lists;
  if (list === undefined || lists.length > 1) {
    return null;
  }
  return (
    <a className={styles.save} href={archivePath(id, list)} download={`${node.name}.tar`}>
      Save (.tar)
    </a>
  );
}

function tell(done: Promise<void>): void {
  done.catch((e: unknown) => {
    notify({ kind: 'bad', text: inWords(e) });
  });
}
