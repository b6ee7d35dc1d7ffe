import type { ReactNode } from 'react';
import styles from './Empty.module.css';

/** Empty stands where there is nothing, and says what can be done about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
