import { api, must } from '../../api/client';
import { keys, queries } from '../../api/queries';
import type { WebSeed } from '../../api/types';
import { TextSheet } from '../TextSheet';
import { textToURLs } from './tiers';

/** Web seeds as text. */
export default function EditWebSeeds({ id, seeds, onClose }: { id: string; seeds: readonly WebSeed[]; onClose: () => void }) {
  const save = async (text: string): Promise<void> => {
    const now = must(await api.PUT('/torrents/{id}/web-seeds', { params: { path: { id } }, body: textToURLs(text).value }));
    queries.setQueryData(keys.webSeeds(id), now);
  };
  return (
    <TextSheet
      title="Edit web seeds"
      label="One address a line, http or https"
      hint="A web seed is a server that has the same files."
      was={seeds.map((s) => s.url).join('\n')}
      check={(text) => textToURLs(text).wrong}
      onSave={save}
      onClose={onClose}
    />
  );
}
