import { useQuery } from '@tanstack/react-query';
import { api, must } from '../../api/client';
import { keys, queries } from '../../api/queries';
import { Dialog } from '../../ui/Dialog';
import { TextSheet } from '../TextSheet';
import { inWords } from '../useSubmit';
import { textToTiers, tiersToText } from './tiers';

/** Trackers as text: whole addresses, secrets included, which only the owner may see. */
export default function EditTrackers({ id, onClose }: { id: string; onClose: () => void }) {
  const whole = useQuery({
    queryKey: [...keys.trackers(id), 'secrets'],
    queryFn: async () => must(await api.GET('/torrents/{id}/trackers', { params: { path: { id }, query: { secrets: true } } })),
    gcTime: 0, // secrets do not stay
    staleTime: Infinity,
  });
  if (whole.error) {
    return (
      <Dialog open title="Edit trackers" onClose={onClose}>
        <p role="alert">{inWords(whole.error)}</p>
      </Dialog>
    );
  }
  if (!whole.data) {
    return null;
  }
  const save = async (text: string): Promise<void> => {
    const now = must(await api.PUT('/torrents/{id}/trackers', { params: { path: { id } }, body: textToTiers(text).value }));
    queries.setQueryData(keys.trackers(id), now);
  };
  return (
    <TextSheet
      title="Edit trackers"
      label="One address a line; an empty line begins the next tier"
      hint="The trackers of a tier stand for each other: the first that works is asked."
      was={tiersToText(whole.data)}
      check={(text) => textToTiers(text).wrong}
      onSave={save}
      onClose={onClose}
    />
  );
}
