import { useState, type ReactNode } from 'react';
import css from './rail.module.css';

interface Props {
  /** Under which the browser remembers whether it is folded. */
  id: string;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}

/** A part of the rail that can be folded. */
export function RailGroup({ id, title, children, action }: Props) {
  const [open, setOpen] = useState(() => !folded(id));
  return (
    <details
      className={css.group}
      open={open}
      onToggle={(e) => {
        const now = e.currentTarget.open;
        setOpen(now);
        fold(id, !now);
      }}
    >
      <summary className={css.summary}>
        <span>{title}</span>
        {action}
      </summary>
      <div className={css.items}>{children}</div>
    </details>
  );
}

const key = (id: string): string => `gotor.rail.${id}`;

function folded(id: string): boolean {
  try {
    return localStorage.getItem(key(id)) === 'folded';
  } catch {
    return false; // A browser that keeps nothing shows all.
  }
}

function fold(id: string, yes: boolean): void {
  try {
    if (yes) localStorage.setItem(key(id), 'folded');
    else localStorage.removeItem(key(id));
  } catch {
    // It is folded as long as the page lasts.
  }
}
