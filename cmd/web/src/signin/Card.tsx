import type { ReactNode } from 'react';
import logo from '../app/icon.svg';
import styles from './SignIn.module.css';

/** Card stands alone on the page. */
export function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles.screen}>
      <div className={styles.card}>
        <p className={styles.brand}>
          <img src={logo} width="28" height="28" alt="" />
          gotor
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
