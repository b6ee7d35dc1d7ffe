import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { begin } from './api/daemon';
import { App } from './app/App';
import { oneTimeCode } from './app/route';
import { listenForKeys } from './keys/keys';

// A code in the address signs in once. It goes before anything is drawn: an address is
// shown, kept and sent about.
const code = oneTimeCode(location.hash);
if (code !== undefined) history.replaceState(null, '', '#/');

listenForKeys();
void begin(code);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
