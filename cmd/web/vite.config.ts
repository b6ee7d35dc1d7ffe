import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// What the page needs at once, of others, is one file: it changes less often than ours,
// and browsers keep it.
function vendor(id: string): string | undefined {
  return /node_modules\/(react|react-dom|scheduler|@tanstack|openapi-fetch)\//.test(id) ? 'vendor' : undefined;
}

export default defineConfig({
  base: './', // the page works below any path of a reverse proxy
  plugins: [react()],
  build: {
    outDir: 'build', // scripts/pack.mjs makes dist of it
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy of the page allows files, not what is in a style sheet
    rollupOptions: { output: { manualChunks: vendor } },
  },
  css: { modules: { generateScopedName: process.env['VITEST'] ? '[local]' : undefined } },
  server: { proxy: process.env['GOTOR_URL'] ? { '/api': process.env['GOTOR_URL'] } : undefined },
  test: {
    restoreMocks: true,
    css: false,
    testTimeout: 30_000, // a machine that does much else besides is slow, not wrong
    // Most of what is tested needs no document, and it takes longer to make one than to
    // run the tests. A .ts that needs one says so in its first line.
    projects: [
      { extends: true, test: { name: 'logic', environment: 'node', include: ['src/**/*.test.ts'] } },
      { extends: true, test: { name: 'screens', environment: 'jsdom', include: ['src/**/*.test.tsx'], setupFiles: ['src/testing/setup.ts'] } },
    ],
  },
});
