import AxeBuilder from '@axe-core/playwright'
import { type BrowserContext, test as base, expect, type Page, request } from '@playwright/test'
import { type Hub, owner, startHub } from './hub'

interface Signed {
  /** page is signed in as the owner, at the overview. Whatever it logs as an error or refuses by its policy fails the test. */
  page: Page
  /** stranger is a page of somebody who is not signed in, watched in the same way. */
  stranger: Page
}

/** Start is a hub with its first owner: what the tests of a file begin with. */
interface Start {
  file: string
  hub: Hub
  /** state is the cookies of the owner's browser. */
  state: Awaited<ReturnType<BrowserContext['storageState']>>
}

/** test has a hub for each file, so that no file sees what another left behind, and a page that is signed in to it. */
export const test = base.extend<Signed & { hub: Hub; state: Start['state'] }, { started: Hubs }>({
  started: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
    async ({}, use) => {
      const started = new Hubs()
      await use(started)
      await started.stop()
    },
    { scope: 'worker' },
  ],
  hub: async ({ started }, use, { file }) => use((await started.of(file)).hub),
  state: async ({ started }, use, { file }) => use((await started.of(file)).state),
  baseURL: async ({ hub }, use) => use(hub.url),
  page: async ({ browser, hub, state, colorScheme, viewport }, use) => {
    const context = await browser.newContext({
      storageState: state,
      baseURL: hub.url,
      colorScheme,
      viewport,
      locale: 'en-GB',
      timezoneId: 'UTC',
      reducedMotion: 'reduce',
    })
    await slow(context)
    const page = await context.newPage()
    const faults = watch(page)
    await use(page)
    await context.close()
    expect(faults, 'what the browser complained about').toEqual([])
  },
  stranger: async ({ browser, hub }, use) => {
    const context = await browser.newContext({ baseURL: hub.url, reducedMotion: 'reduce' })
    await slow(context)
    const page = await context.newPage()
    const faults = watch(page)
    await use(page)
    await context.close()
    expect(faults, 'what the browser complained about').toEqual([])
  },
})

/** slowest is how long each answer of the hub is held back at most, in milliseconds: to find what only goes on a fast machine. */
const slowest = Number(process.env.TOCSIN_SLOW ?? 0)

async function slow(context: BrowserContext) {
  if (!slowest) return
  await context.route('**/*', async (route) => {
    await new Promise((go) => setTimeout(go, Math.random() * slowest))
    await route.continue().catch(() => undefined)
  })
}

/** Hubs starts a worker's hubs, one at a time: that of the file which is tried. */
class Hubs {
  private current?: Start

  async of(file: string): Promise<Start> {
    if (this.current?.file === file) return this.current
    await this.stop()
    const hub = await startHub()
    this.current = { file, hub, state: { cookies: [], origins: [] } }
    this.current.state = await firstOwner(hub)
    return this.current
  }

  async stop() {
    await this.current?.hub.stop()
    this.current = undefined
  }
}

async function firstOwner(hub: Hub): Promise<Start['state']> {
  const context = await request.newContext({ baseURL: hub.url })
  const answer = await context.post('/api/v1/setup', {
    headers: { Origin: hub.url },
    data: { token: new URL(hub.setupLink).hash.replace('#token=', ''), ...owner },
  })
  if (!answer.ok()) throw new Error(`making the owner: ${answer.status()} ${await answer.text()}`)
  const state = await context.storageState()
  await context.dispose()
  return state
}

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
  // Only what is wrong is told, and in this one frame, as the console has no other: axe takes a third of the time.
  const { violations } = await new AxeBuilder({ page })
    .options({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] })
    .setLegacyMode(true)
    .analyze()
  const bad = violations.filter((each) => each.impact === 'serious' || each.impact === 'critical')
  expect(
    bad.map(
      (each) => `${each.id}: ${each.help} — ${each.nodes.map((node) => node.target.join(' ')).join('; ')}`,
    ),
    'what axe finds serious',
  ).toEqual([])
}
