import { defineConfig } from '@playwright/test';

// The page in a real browser, against the real program. The browser is the system's:
// nothing is downloaded. CHROMIUM names another one.
export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/build.ts',
  outputDir: 'e2e/out/results',
  reporter: [['list'], ['json', { outputFile: 'e2e/out/results.json' }]],
  forbidOnly: process.env.CI !== undefined,
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
    actionTimeout: 15_000,
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // root has no sandbox to offer, and names must lead nowhere but here.
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1'],
    },
  },
});
