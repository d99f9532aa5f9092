import { defineConfig } from '@playwright/test'
import { browser } from './e2e/browser'

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results',
  // Each worker has a hub and a browser of its own.
  workers: 2,
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  // A flow that goes at its second try only is told of as flaky; "make browser ARGS=--retries=0" takes none.
  retries: 1,
  reporter: [['list', { printSteps: false }]],
  // A trace costs a sixth of the time; "make browser ARGS=--trace=retain-on-failure" keeps one.
  use: { ...browser, screenshot: 'only-on-failure', actionTimeout: 30_000 },
})
