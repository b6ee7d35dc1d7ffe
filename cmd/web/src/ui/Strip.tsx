import type { ReactNode } from 'react';
import { Icon } from './Icon';
import styles from './Strip.module.css';

/** Strip says, above everything, what holds for the whole page. */
export function Strip({ kind = 'info', children, actions }: { kind?: 'info' | 'warn' | 'bad'; children: ReactNode; actions?: ReactNode }) {
  return (
    <div className={`${styles.strip ?? ''} ${kind === 'info' ? '' : (styles[kind] ?? '')}`} role={kind === 'bad' ? 'alert' : 'status'}>
      <Icon name={kind === 'info' ? 'info' : 'warn'} />
      <p>{children}</p>
      {actions}
    </div>
  );
}
