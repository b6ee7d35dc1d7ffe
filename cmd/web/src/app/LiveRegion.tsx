import { spoken } from '../store/announce';
import { useCell } from '../store/cell';

/** LiveRegion is what screen readers say by themselves. */
export function LiveRegion() {
  return (
    <div className="sr-only" role="status" aria-live="polite">
      {useCell(spoken)}
    </div>
  );
}
