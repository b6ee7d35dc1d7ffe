import { useLayoutEffect, useRef } from 'react';
import { useCan } from '../store/link';
import { Icon } from '../ui/Icon';
import styles from './DropOverlay.module.css';
import { useIntake } from './useIntake';

/** DropOverlay says, while something is held over the page, that it may be dropped. It is
 *  above dialogs, and lets the pointer through. */
export function DropOverlay() {
  const over = useIntake(useCan());
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (over) ref.current?.showPopover();
  }, [over]);
  if (!over) return null;
  return (
    <div ref={ref} popover="manual" className={styles.overlay} role="status">
      <div className={styles.frame}>
        <Icon name="add" size={32} />
        <p className={styles.title}>Drop to look inside</p>
        <p>.torrent files, magnet links, addresses or hashes. Nothing starts before you say so.</p>
      </div>
    </div>
  );
}
