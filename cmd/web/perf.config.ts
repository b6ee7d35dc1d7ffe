import { defineConfig } from '@playwright/test';
import usual from './playwright.config';

// Figures of the page: see e2e/perf. They are printed, and nothing is asserted of time.
export default defineConfig({ ...usual, testDir: 'e2e/perf', testMatch: '*.perf.ts', globalSetup: undefined, reporter: 'list', timeout: 300_000 });
