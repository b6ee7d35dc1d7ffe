import { useEffect, useEffectEvent, useRef, useState, type RefObject } from 'react';
import { Icon } from '../ui/Icon';
import css from './search.module.css';

interface Props {
  field: RefObject<HTMLInputElement | null>;
  q: string;
  onSearch: (q: string) => void;
  /** Leads from the field into the list. */
  onDown: () => void;
}

/** How long typing may pause before the list follows. Below it, a fast typist sorts 2,000 rows for each letter. */
const pause = 80;

/** The search field: words of name, label and tracker, found as they are typed. */
export function Search({ field, q, onSearch, onDown }: Props) {
  const [text, setText] = useState(q);
  const told = useRef(q);
  useEffect(() => {
    // The address changed by another way than by typing.
    if (q === told.current) return;
    told.current = q;
    setText(q);
  }, [q]);
  const tell = useEffectEvent(onSearch);
  useEffect(() => {
    if (text.trim() === told.current) return;
    const timer = setTimeout(() => {
      told.current = text.trim();
      tell(text.trim());
    }, pause);
    return () => clearTimeout(timer);
  }, [text]);

  return (
    <search className={css.search}>
      <Icon name="search" size={14} />
      <input
        ref={field}
        type="search"
        className={css.field}
        value={text}
        maxLength={1000}
        placeholder="Search"
        aria-label="Search name, label and tracker"
        aria-keyshortcuts="/"
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === 'ArrowDown' || e.key === 'Enter') {
            e.preventDefault();
            onDown();
          }
          if (e.key !== 'Escape') return;
          e.stopPropagation();
          if (text === '') onDown();
          setText('');
        }}
      />
      <kbd className={css.key} aria-hidden="true">
        /
      </kbd>
    </search>
  );
}
