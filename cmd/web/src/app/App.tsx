import { QueryClientProvider } from '@tanstack/react-query';
import { queries } from '../api/queries';
import KeysDialog from '../keys/KeysDialog';
import SignIn from '../signin/SignIn';
import { useLink } from '../store/link';
import { LiveRegion } from './LiveRegion';
import { Notices } from './Notices';
import { Shell } from './Shell';

/** App is the whole page. */
export function App() {
  const { state } = useLink();
  const outside = state === 'signed-out' || state === 'refused-host';
  return (
    <QueryClientProvider client={queries}>
      {outside ? <SignIn /> : <Shell />}
      <KeysDialog />
      <Notices />
      <LiveRegion />
    </QueryClientProvider>
  );
}
