import { lazy, Suspense } from 'react';
import type { Asked } from './commands';
import { LabelsDialog } from './LabelsDialog';
import { LimitsDialog } from './LimitsDialog';
import { MoveDialog } from './MoveDialog';

const RemoveDialog = lazy(() => import('../remove/RemoveDialog'));

/** The dialog that a verb has asked for. */
export function ListDialogs({ asked, onClose }: { asked: Asked | null; onClose: () => void }) {
  if (asked === null) return null;
  const props = { ids: asked.ids, onClose };
  switch (asked.verb) {
    case 'move':
      return <MoveDialog {...props} />;
    case 'labels':
      return <LabelsDialog {...props} />;
    case 'limits':
      return <LimitsDialog {...props} />;
    case 'remove':
      return (
        <Suspense>
          <RemoveDialog {...props} />
        </Suspense>
      );
  }
}
