import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { base } from './api/client';
import { begin } from './api/daemon';
import { App } from './app/App';
import { oneTimeCode } from './app/route';
import { listenForKeys } from './keys/keys';
import { showTheme } from './settings/theme';
import { followCodes } from './signin/codes';

showTheme();

// A code in the address signs in once. It goes before anything is drawn: an address is
// shown, kept and sent about.
const code = oneTimeCode(location.hash);
if (code !== undefined) history.replaceState(null, '', '#/');

function run(): void {
  listenForKeys();
  begin(code);
  followCodes();
  const root = document.getElementById('root');
  if (!root) return;
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

// A made-up daemon answers while the page is worked on; it is in no bundle. That is
// waited for without await here: with one the build would tear the page into twenty files.
if (import.meta.env.DEV && !import.meta.env['VITE_REAL']) {
  void import('./fake/install').then(({ install }) => {
    install(base, location.search);
    run();
  });
} else run();
