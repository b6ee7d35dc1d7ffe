import { useEffect, useId, type KeyboardEvent, type ReactNode } from 'react';
import { step } from './roving';
import styles from './Tabs.module.css';

interface Props<T extends string> {
  label: string;
  tabs: readonly { id: T; label: ReactNode }[];
  selected: T;
  onSelect: (id: T) => void;
  /** The panel of the tab that is selected. */
  children: ReactNode;
  panelClassName?: string;
}

/** Tabs is a row of tabs and the panel of one of them; arrows move and select. */
export function Tabs<T extends string>({ label, tabs, selected, onSelect, children, panelClassName }: Props<T>) {
  const base = useId();
  useEffect(() => {
    // On a small screen the row is longer than what is seen of it.
    document.getElementById(`${base}-${selected}`)?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  }, [base, selected]);
  const onKeyDown = (e: KeyboardEvent<HTMLDivElement>) => {
    const at = tabs.findIndex((t) => t.id === selected);
    const to = tabs[step(e.key, at, tabs.length, ['ArrowLeft', 'ArrowRight']) ?? -1];
    if (!to) return;
    e.preventDefault();
    onSelect(to.id);
    document.getElementById(`${base}-${to.id}`)?.focus();
  };
  return (
    <>
      <div role="tablist" aria-label={label} className={styles.list} onKeyDown={onKeyDown} tabIndex={-1}>
        {tabs.map((t) => (
          <button key={t.id} id={`${base}-${t.id}`} type="button" role="tab" aria-selected={t.id === selected} aria-controls={`${base}-panel`} tabIndex={t.id === selected ? 0 : -1} className={styles.tab} onClick={() => onSelect(t.id)}>
            {t.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${selected}`} className={panelClassName}>
        {children}
      </div>
    </>
  );
}
