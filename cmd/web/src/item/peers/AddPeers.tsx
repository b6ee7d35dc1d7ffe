import { api } from '../../api/client';
import { TextSheet } from '../TextSheet';
import { readAddresses } from './addresses';

/** Names peers to be connected to. */
export default function AddPeers({ id, onClose }: { id: string; onClose: () => void }) {
  return (
    <TextSheet
      title="Add peers"
      label="Addresses, such as 192.0.2.1:6881 or [2001:db8::1]:6881"
      was=""
      save="Connect"
      rows={4}
      check={(text) => readAddresses(text).bad.map((word) => `${word.slice(0, 60)} is not an address and a port`)}
      onSave={(text) => api.POST('/torrents/{id}/peers', { params: { path: { id } }, body: { addrs: readAddresses(text).good } })}
      onClose={onClose}
    />
  );
}
