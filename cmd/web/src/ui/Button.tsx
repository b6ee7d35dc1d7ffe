import type { ButtonHTMLAttributes, Ref } from 'react';
import styles from './Button.module.css';
import { Icon, type IconName } from './Icon';

type Look = 'normal' | 'primary' | 'danger' | 'plain';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  icon?: IconName;
  ref?: Ref<HTMLButtonElement>;
}

const names = (look: Look, ...more: (string | undefined)[]) => [styles.button, look === 'normal' ? undefined : styles[look], ...more].filter(Boolean).join(' ');

/** Button has a text, and perhaps a picture before it. */
export function Button({ look = 'normal', icon, children, className, type = 'button', ...rest }: Props) {
  return (
    <button type={type} className={names(look, className)} {...rest}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** IconButton has a picture only; its label is its name and its tip. */
export function IconButton({ label, icon, look = 'plain', className, ...rest }: Omit<Props, 'children' | 'icon'> & { label: string; icon: IconName }) {
  return (
    <button type="button" className={names(look, styles.icon, className)} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}
