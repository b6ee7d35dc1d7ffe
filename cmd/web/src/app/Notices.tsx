import { dismiss, useNotices, type Notice } from '../store/notices';
import { Button, IconButton } from '../ui/Button';
import styles from './Notices.module.css';

/** Notices are what is told in passing. */
export function Notices() {
  const all = useNotices();
  return (
    <ul className={styles.list} role="log" aria-label="Messages" aria-live="polite">
      {all.map((n) => (
        <One key={n.id} notice={n} />
      ))}
    </ul>
  );
}

function One({ notice: n }: { notice: Notice }) {
  const { action } = n;
  return (
    <li className={`${styles.notice ?? ''} ${n.kind === 'info' ? '' : (styles[n.kind] ?? '')}`}>
      <span className={styles.text}>{n.text}</span>
      <IconButton icon="close" label="Close this message" onClick={() => dismiss(n.id)} />
      {n.detail && <span className={styles.detail}>{n.detail}</span>}
      {action && (
        <Button
          className={styles.action}
          onClick={() => {
            dismiss(n.id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
    </li>
  );
}
