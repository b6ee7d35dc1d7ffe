import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { begin } from './api/daemon';
import { App } from './app/App';
import { oneTimeCode } from './app/route';
import { listenForKeys } from './keys/keys';
import { showTheme } from './settings/theme';

showTheme();

// A code in the address signs in once. It goes before anything is drawn: an address is
// shown, kept and sent about.
const code = oneTimeCode(location.hash);
if (code !== undefined) history.replaceState(null, '', '#/');

// A made-up daemon answers while the page is worked on; it is in no bundle.
if (import.meta.env.DEV && !import.meta.env['VITE_REAL']) {
  const [{ install }, { base }] = await Promise.all([import('./fake/install'), import('./api/client')]);
  install(base, location.search);
}

listenForKeys();
begin(code);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
