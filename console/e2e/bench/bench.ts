import { cpus, loadavg } from 'node:os'
import type { BrowserContext, CDPSession, Page } from '@playwright/test'

import { test as signed } from '../test'

/** bench is a test that measures: it prints figures, and fails only if what it measures does not happen at all. */
export const bench = signed.extend<{
  /** fresh makes browser contexts with empty caches, signed in as the owner. */
  fresh: () => Promise<BrowserContext>
}>({
  fresh: async ({ browser, hub, state }, use) => {
    const made: BrowserContext[] = []
    await use(async () => {
      const context = await browser.newContext({
        storageState: state,
        baseURL: hub.url,
        viewport: { width: 1440, height: 900 },
        locale: 'en-GB',
        timezoneId: 'UTC',
      })
      made.push(context)
      return context
    })
    for (const context of made) await context.close()
  },
})

bench.beforeAll(() => say(`${cpus().length} × ${cpus()[0]?.model.trim()}, load ${load()}`))

/** load is how many processes wanted to run in the last minute: above the number of cores, times mean little. */
export const load = (): string => (loadavg()[0] ?? 0).toFixed(2)

/** say prints a line. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** row is a line of a table of figures, each in a column of its own. */
export const row = (name: string, figures: readonly (string | number)[]): void =>
  say(`  ${name.padEnd(40)}${figures.map((each) => String(each).padStart(10)).join('')}`)

/** throttled slows the page's processor down by a factor, as the browser's developer tools do. */
export async function throttled(page: Page, factor: number): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: factor })
  return session
}

/** median is the one in the middle. */
export function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN
}
