import { useMemo, useState } from 'react';
import { explain } from '../api/problem';
import { href } from '../app/route';
import { Button } from '../ui/Button';
import { Check } from '../ui/Field';
import { bytes, count } from '../ui/format';
import { Icon } from '../ui/Icon';
import { Name } from '../ui/Name';
import { plain } from '../ui/sanitise';
import { Tree } from '../ui/Tree';
import styles from './Add.module.css';
import { hopeless, wantedOf, type Item } from './batch';
import { nameOf } from './Items';
import { batch } from './send';
import { checked, toggled, treeOf, visible, type Node } from './tree';

/** Inside shows what is in one torrent of a batch, and which files are wanted. */
export function Inside({ item }: { item: Item }) {
  const { preview } = item;
  const files = preview?.files.length ?? 0;
  return (
    <section className={styles.inside} aria-label="What is inside">
      <h3 className={styles.title}>
        <Name>{nameOf(item)}</Name>
      </h3>
      {preview && (
        <p className={styles.muted}>
          {item.skipped.size > 0 ? `${bytes(wantedOf(item))} of ${bytes(preview.torrent.size)}` : bytes(preview.torrent.size)} in {files === 1 ? 'one file' : `${count(files)} files`}
          {preview.torrent.private && ', private'}
        </p>
      )}
      <Said item={item} />
      {preview && item.phase !== 'existing' && files > 1 && <Files item={item} />}
    </section>
  );
}

/** Said is what there is to say of one beside its files. */
function Said({ item }: { item: Item }) {
  const { phase, problem, preview } = item;
  if (phase === 'existing') {
    return (
      <p className={styles.said}>
        <Icon name="info" />
        <span>This torrent is there already; it stays as it is.</span>
        {preview && <a href={href({ name: 'item', id: preview.torrent.id, tab: 'overview' })}>Open it</a>}
      </p>
    );
  }
  if (problem) {
    const e = explain(problem);
    return (
      <div className={phase === 'refused' ? `${styles.said ?? ''} ${styles.wrong ?? ''}` : styles.said} role={phase === 'refused' ? 'alert' : undefined}>
        <Icon name={phase === 'refused' ? 'warn' : 'info'} />
        <div>
          <p>{e.title}</p>
          <p className={styles.muted}>{phase === 'ready' ? 'It can be added all the same: its files show when somebody has told what is inside.' : plain(problem.detail) || e.hint}</p>
        </div>
        {!hopeless(item) && <Button onClick={() => batch.retry(item.key)}>Try again</Button>}
      </div>
    );
  }
  if (preview) return null;
  if (phase === 'looking' && item.kind !== 'file' && item.kind !== 'url') {
    return <p className={styles.said}>Asking peers what is inside. It can be added before they answer; then all files are wanted.</p>;
  }
  return <p className={styles.said}>Looking into it…</p>;
}

const rowHeight = 28;

/** Files is the tree of what is inside. */
function Files({ item }: { item: Item }) {
  const files = item.preview?.files;
  const nodes = useMemo(() => treeOf(files ?? []), [files]);
  // One folder around all is opened; more is for who wants to see it.
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(nodes.length === 1 && nodes[0] ? [nodes[0].key] : []));
  const rows = useMemo(() => visible(nodes, open), [nodes, open]);
  const skip = (skipped: ReadonlySet<number>) => batch.change(item.key, { skipped });
  const toggle = (n: Node) => {
    const next = new Set(open);
    if (!next.delete(n.key)) next.add(n.key);
    setOpen(next);
  };
  const check = (n: Node) => skip(toggled(n, item.skipped));
  return (
    <>
      <div className={styles.bulk}>
        <Button look="plain" onClick={() => skip(new Set())} disabled={item.skipped.size === 0}>
          All
        </Button>
        <Button look="plain" onClick={() => skip(new Set(files?.map((f) => f.index)))}>
          None
        </Button>
      </div>
      <div className={styles.tree} style={{ height: Math.min(Math.max(rows.length, 1), 12) * rowHeight + 2 }}>
        <Tree
          label="Files"
          rows={rows}
          keyOf={(n) => n.key}
          depthOf={(n) => n.depth}
          expanded={(n) => (n.children ? open.has(n.key) : undefined)}
          checked={(n) => checked(n, item.skipped)}
          onToggle={toggle}
          onOpen={(n) => (n.children ? toggle(n) : check(n))}
          onCheck={check}
          textOf={(n) => n.name}
          rowHeight={rowHeight}
          render={(n) => (
            <>
              <Check checked={checked(n, item.skipped)} onChange={() => check(n)} tabIndex={-1} aria-label={`Download ${plain(n.name)}`} />
              <Icon name={n.children ? 'folder' : 'file'} size={14} />
              <Name className={styles.name}>{n.name}</Name>
              <span className={styles.size}>{bytes(n.size)}</span>
            </>
          )}
        />
      </div>
    </>
  );
}
