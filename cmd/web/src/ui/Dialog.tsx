import { useContext, useEffect, useId, useRef, type ReactNode } from 'react';
import { Layer, useLayer } from '../keys/keys';
import { IconButton } from './Button';
import styles from './Dialog.module.css';

interface Props {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** Buttons at its foot; the one that does it comes last. */
  actions?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

/** Dialog is modal: the page behind it is inert, escape closes it, and the focus returns
 *  to where it was. */
export function Dialog({ open, onClose, title, actions, wide, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const layer = useContext(Layer) + 1;
  useLayer(layer, open);
  useEffect(() => {
    const d = ref.current;
    if (!open || !d) return;
    // The element that had the focus may go meanwhile; the browser's own way back fails then.
    const before = document.activeElement;
    d.showModal();
    return () => {
      d.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [open]);
  if (!open) return null;
  return (
    // Escape is how a dialog is left by keyboard; a click beside it is the same for a pointer.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events
    <dialog
      ref={ref}
      className={wide ? `${styles.dialog ?? ''} ${styles.wide ?? ''}` : styles.dialog}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onClick={(e) => {
        if (e.target === ref.current) onClose();
      }}
    >
      <Layer value={layer}>
        <header className={styles.head}>
          <h2 id={id}>{title}</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </header>
        <div className={styles.body}>{children}</div>
        {actions && <footer className={styles.actions}>{actions}</footer>}
      </Layer>
    </dialog>
  );
}
