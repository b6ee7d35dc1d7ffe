import { act } from '../api/actions';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { count } from '../ui/format';

/** RemoveDialog asks before torrents are taken out of the list. */
export default function RemoveDialog({ ids, onClose }: { ids: readonly string[]; onClose: () => void }) {
  const remove = () => {
    onClose();
    void act.remove(ids);
  };
  return (
    <Dialog open onClose={onClose} title="Remove from the list" actions={<Button look="danger" onClick={remove}>Remove</Button>}>
      <p>{ids.length === 1 ? 'The torrent goes' : `${count(ids.length)} torrents go`}; files stay on the disk.</p>
    </Dialog>
  );
}
