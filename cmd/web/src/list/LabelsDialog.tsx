import { useMemo, useState } from 'react';
import { act } from '../api/actions';
import { useCounts } from '../store/rows';
import { Button } from '../ui/Button';
import { Name } from '../ui/Name';
import { rowsOf } from './commands';
import css from './dialogs.module.css';
import { labelGroups, labelStates, typedLabels, type Has } from './labels';
import { SubjectDialog } from './SubjectDialog';

interface Props {
  ids: readonly string[];
  onClose: () => void;
}

/** Gives labels to torrents, or takes them away. What only some have stays with those, unless it is touched. */
export function LabelsDialog({ ids, onClose }: Props) {
  const counts = useCounts();
  const [rows] = useState(() => rowsOf(ids));
  const [changes, setChanges] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [typed, setTyped] = useState('');
  const states = useMemo(
    () =>
      labelStates(
        rows.map((r) => r.labels),
        [...Object.keys(counts.label), ...changes.keys()],
      ),
    [rows, counts.label, changes],
  );
  const set = (names: readonly string[], on: boolean): void =>
    setChanges(new Map([...changes, ...names.map((n) => [n, on] as const)]));
  const take = (): void => {
    set(typedLabels(typed), true);
    setTyped('');
  };
  const save = (): void => {
    const all = new Map([...changes, ...typedLabels(typed).map((n) => [n, true] as const)]);
    for (const g of labelGroups(rows, all)) void act.setLabels(g.ids, g.labels);
    onClose();
  };
  return (
    <SubjectDialog rows={rows} what="Labels" verb="Save" onDo={save} onClose={onClose}>
      <form
        className={css.line}
        onSubmit={(e) => {
          e.preventDefault();
          if (typed.trim() === '') save();
          else take();
        }}
      >
        <input
          className={css.input}
          value={typed}
          aria-label="New label"
          placeholder="New label"
          maxLength={400}
          onChange={(e) => setTyped(e.target.value)}
        />
        <Button type="submit" disabled={typed.trim() === ''}>
          Add
        </Button>
      </form>
      {states.size === 0 && <p className={css.hint}>No torrent has a label yet.</p>}
      <ul className={css.checks}>
        {[...states].map(([name, has]) => (
          <li key={name}>
            <LabelCheck
              name={name}
              has={changes.has(name) ? (changes.get(name) === true ? 'all' : 'none') : has}
              onChange={(on) => set([name], on)}
            />
          </li>
        ))}
      </ul>
    </SubjectDialog>
  );
}

function LabelCheck({ name, has, onChange }: { name: string; has: Has; onChange: (on: boolean) => void }) {
  return (
    <label className={css.check}>
      <input
        type="checkbox"
        checked={has === 'all'}
        ref={(el) => {
          if (el) el.indeterminate = has === 'some';
        }}
        onChange={(e) => onChange(e.target.checked)}
      />
      <Name>{name}</Name>
      {has === 'some' && <span className={css.hint}>some</span>}
    </label>
  );
}
