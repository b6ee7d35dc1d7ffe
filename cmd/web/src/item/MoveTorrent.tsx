import { lazy, Suspense } from 'react';

const MoveDialog = lazy(() => import('../list/MoveDialog').then((m) => ({ default: m.MoveDialog })));

/** Asks for another folder for the files of a torrent. */
export function MoveTorrent({ id, onClose }: { id: string; onClose: () => void }) {
  return (
    <Suspense fallback={null}>
      <MoveDialog ids={[id]} onClose={onClose} />
    </Suspense>
  );
}
