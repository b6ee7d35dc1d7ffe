import { useRef, useState } from 'react';
import type { View } from '../store/view';
import { viewFromHash, viewToHash } from '../store/view';
import { Icon } from '../ui/Icon';
import { RailButton } from './Rail';
import { RailGroup } from './RailGroup';
import css from './rail.module.css';
import { readViews, withView, writeViews, type SavedView } from './saved';

/** The views that were given names, and a field to name the one that is seen. */
export function SavedViews({ view, onView }: { view: View; onView: (v: View) => void }) {
  const [views, setViews] = useState(() => readViews(localStorage));
  const [naming, setNaming] = useState(false);
  const query = viewToHash(view);
  const keep = (next: SavedView[]): void => {
    setViews(next);
    writeViews(localStorage, next);
  };
  return (
    <RailGroup id="views" title="Views">
      {views.map((v) => (
        <div key={v.name} className={css.saved}>
          <RailButton
            text={v.name}
            on={v.query === query}
            onClick={() => {
              onView(viewFromHash(v.query));
            }}
          />
          <button
            type="button"
            className={css.forget}
            aria-label={`Forget view ${v.name}`}
            onClick={() => {
              keep(views.filter((o) => o !== v));
            }}
          >
            <Icon name="close" size={12} />
          </button>
        </div>
      ))}
      {naming ? (
        <NameField
          onDone={(name) => {
            setNaming(false);
            if (name !== '') keep(withView(views, name, query));
          }}
        />
      ) : (
        <button
          type="button"
          className={css.add}
          onClick={() => {
            setNaming(true);
          }}
        >
          <Icon name="add" size={14} /> Save this view
        </button>
      )}
    </RailGroup>
  );
}

function NameField({ onDone }: { onDone: (name: string) => void }) {
  const [name, setName] = useState('');
  const done = useRef(false);
  // The field goes when it is done, and says good-bye with a blur: that is no second answer.
  const finish = (answer: string): void => {
    if (!done.current) onDone(answer);
    done.current = true;
  };
  return (
    <form
      className={css.naming}
      onSubmit={(e) => {
        e.preventDefault();
        finish(name.trim());
      }}
    >
      <input
        // The field is there because the button was pressed: the focus belongs in it.
        ref={(el) => el?.focus()}
        value={name}
        maxLength={100}
        aria-label="Name of the view"
        placeholder="Name, then enter"
        onChange={(e) => {
          setName(e.target.value);
        }}
        onBlur={() => {
          finish(name.trim());
        }}
        onKeyDown={(e) => {
          if (e.key !== 'Escape') return;
          e.stopPropagation();
          finish('');
        }}
      />
    </form>
  );
}
