import AxeBuilder from '@axe-core/playwright'
import { test as base, expect, type Page } from '@playwright/test'
import { type Hub, owner, startHub } from './hub'

interface Signed {
  /** page is signed in as the owner, at the overview. Whatever it logs as an error or refuses by its policy fails the test. */
  page: Page
  /** stranger is a page of somebody who is not signed in, watched in the same way. */
  stranger: Page
}

/** test has a hub for each worker, and a page that is signed in to it. */
export const test = base.extend<Signed, { hub: Hub; state: string }>({
  hub: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
    async ({}, use) => {
      const hub = await startHub()
      await use(hub)
      await hub.stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  state: [
    async ({ hub, browser }, use, worker) => {
      const context = await browser.newContext()
      const file = `${worker.project.outputDir}/state-${worker.parallelIndex}-${Date.now()}.json`
      const answer = await context.request.post(`${hub.url}/api/v1/setup`, {
        headers: { Origin: hub.url },
        data: { token: new URL(hub.setupLink).hash.replace('#token=', ''), ...owner },
      })
      if (!answer.ok()) throw new Error(`making the owner: ${answer.status()} ${await answer.text()}`)
      await context.storageState({ path: file })
      await context.close()
      await use(file)
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ hub }, use) => use(hub.url),
  page: async ({ browser, hub, state, colorScheme, viewport }, use) => {
    const context = await browser.newContext({
      storageState: state,
      baseURL: hub.url,
      colorScheme,
      viewport,
      locale: 'en-GB',
      timezoneId: 'UTC',
    })
    const page = await context.newPage()
    const faults = watch(page)
    await use(page)
    await context.close()
    expect(faults, 'what the browser complained about').toEqual([])
  },
  stranger: async ({ browser, hub }, use) => {
    const context = await browser.newContext({ baseURL: hub.url })
    const page = await context.newPage()
    const faults = watch(page)
    await use(page)
    await context.close()
    expect(faults, 'what the browser complained about').toEqual([])
  },
})

export { expect }

/** watch collects errors of the page: thrown ones, logged ones, and what its content security policy refused. */
export function watch(page: Page): string[] {
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(`thrown: ${error.message}`))
  page.on('console', (message) => {
    // A refused request is logged by the browser, whatever the page makes of it; the page shows it to people.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(`logged: ${message.text()}`)
  })
  return faults
}

/** accessible looks for what axe calls serious or critical. */
export async function accessible(page: Page): Promise<void> {
  // Colours that are still on their way are not those that people read.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((each) => each.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map((each) => each.finished.catch(() => undefined)),
    ),
  )
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
    .analyze()
  const bad = violations.filter((each) => each.impact === 'serious' || each.impact === 'critical')
  expect(
    bad.map(
      (each) => `${each.id}: ${each.help} — ${each.nodes.map((node) => node.target.join(' ')).join('; ')}`,
    ),
    'what axe finds serious',
  ).toEqual([])
}
