import { useEffect, useLayoutEffect, useRef, type KeyboardEvent } from 'react';
import { Icon, type IconName } from './Icon';
import styles from './Menu.module.css';
import { step } from './roving';

/** One line of a menu; 'line' is a rule between two groups. */
export type MenuItem =
  | 'line'
  | {
      label: string;
      run: () => void;
      icon?: IconName;
      /** The key that does the same. */
      hint?: string;
      bad?: boolean;
      disabled?: boolean;
      /** It can be on or off. */
      checked?: boolean;
    };

interface Props {
  open: boolean;
  onClose: () => void;
  label: string;
  items: readonly MenuItem[];
  /** Where: below an element, or at a point of the window. */
  at: Element | { x: number; y: number } | null;
}

/** Menu is a list of actions above everything, in the browser's top layer. A click beside
 *  it, tab and escape close it; the focus returns. */
export function Menu({ open, onClose, label, items, at }: Props) {
  const ref = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useLayoutEffect(() => {
    const m = ref.current;
    if (!open || !m) return;
    const before = document.activeElement;
    const toggled = (e: Event) => {
      if ((e as ToggleEvent).newState === 'closed') close.current();
    };
    m.addEventListener('toggle', toggled);
    m.showPopover();
    place(m, at);
    lines(m)[0]?.focus();
    return () => {
      m.removeEventListener('toggle', toggled);
      if (m.matches(':popover-open')) m.hidePopover();
      if (before instanceof HTMLElement && before.isConnected && (document.activeElement === document.body || m.contains(document.activeElement))) before.focus();
    };
  }, [open, at]);

  if (!open) return null;
  const onKeyDown = (e: KeyboardEvent) => {
    e.stopPropagation(); // the list behind has keys of its own
    if (e.key === 'Tab' || e.key === 'Escape') {
      e.preventDefault();
      onClose();
      return;
    }
    const all = lines(ref.current);
    const to = step(e.key, all.indexOf(document.activeElement as HTMLElement), all.length) ?? byLetter(all, e.key);
    if (to === undefined) return;
    e.preventDefault();
    all[to]?.focus();
  };
  return (
    <div ref={ref} popover="auto" role="menu" aria-label={label} tabIndex={-1} className={styles.menu} onKeyDown={onKeyDown}>
      {items.map((item, i) => (item === 'line' ? <hr key={i} className={styles.line} /> : <Line key={i} item={item} onClose={onClose} />))}
    </div>
  );
}

function Line({ item, onClose }: { item: Exclude<MenuItem, 'line'>; onClose: () => void }) {
  const checkable = item.checked !== undefined;
  const run = () => {
    if (item.disabled) return;
    // What can be on or off is one of several choices: the next one is often made at once.
    if (!checkable) onClose();
    item.run();
  };
  return (
    <button type="button" role={checkable ? 'menuitemcheckbox' : 'menuitem'} aria-checked={item.checked} aria-disabled={item.disabled} tabIndex={-1} className={item.bad ? `${styles.item ?? ''} ${styles.bad ?? ''}` : styles.item} onClick={run}>
      {checkable ? <span className={item.checked ? styles.mark : styles.off}><Icon name="check" /></span> : item.icon && <Icon name={item.icon} />}
      {item.label}
      {item.hint && <kbd className={styles.hint}>{item.hint}</kbd>}
    </button>
  );
}

const lines = (m: HTMLElement | null) => [...(m?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];

function byLetter(all: HTMLElement[], key: string): number | undefined {
  if (key.length !== 1 || key === ' ') return undefined;
  const from = all.indexOf(document.activeElement as HTMLElement) + 1;
  const turned = [...all.slice(from), ...all.slice(0, from)];
  const hit = turned.find((l) => l.textContent.trim().toLowerCase().startsWith(key.toLowerCase()));
  return hit && all.indexOf(hit);
}

/** place puts a menu below an element or at a point, inside the window. */
function place(m: HTMLElement, at: Props['at']): void {
  const box = at instanceof Element ? at.getBoundingClientRect() : undefined;
  const point = at instanceof Element || at === null ? { x: box?.left ?? 0, y: (box?.bottom ?? 0) + 4 } : at;
  const { width, height } = m.getBoundingClientRect();
  const above = (box?.top ?? point.y) - height - 4;
  const y = point.y + height > innerHeight - 8 && above > 8 ? above : point.y;
  m.style.left = `${Math.max(8, Math.min(point.x, innerWidth - width - 8))}px`;
  m.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`;
}
