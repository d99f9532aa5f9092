import { defineConfig } from '@playwright/test'
import { browser } from './e2e/browser'

const sizes = { 1440: { width: 1440, height: 900 }, 390: { width: 390, height: 844 } }

// Every page in both themes and sizes; one worker, so that all show the same hub.
export default defineConfig({
  testDir: 'e2e/pictures',
  testMatch: '**/*.pictures.ts',
  outputDir: 'test-results',
  workers: 1,
  timeout: 300_000,
  reporter: [['list']],
  use: { ...browser },
  projects: (['light', 'dark'] as const).flatMap((colorScheme) =>
    Object.entries(sizes).map(([width, viewport]) => ({
      name: `${colorScheme}-${width}`,
      use: { ...browser, colorScheme, viewport },
    })),
  ),
})
