import { defineConfig } from '@playwright/test'
import { browser } from './e2e/browser'

// One worker: what is measured has the machine to itself.
export default defineConfig({
  testDir: 'e2e/bench',
  testMatch: '**/*.bench.ts',
  outputDir: 'test-results',
  workers: 1,
  timeout: 900_000,
  reporter: [['list']],
  use: { ...browser },
})
