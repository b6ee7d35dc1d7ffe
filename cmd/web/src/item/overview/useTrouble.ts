import { useQuery } from '@tanstack/react-query';
import { api, must } from '../../api/client';
import { keys } from '../../api/queries';

/** useTrouble are the trackers of a torrent that waits for somebody: what they say may be why. */
export function useTrouble(id: string, on: boolean) {
  return useQuery({
    queryKey: keys.trackers(id),
    queryFn: async ({ signal }) => must(await api.GET('/torrents/{id}/trackers', { params: { path: { id } }, signal })),
    enabled: on,
    refetchInterval: 15_000,
  });
}
