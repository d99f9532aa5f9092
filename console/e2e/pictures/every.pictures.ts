import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test as base, expect, type Page } from '@playwright/test'
import { type Hub, owner, startHub } from '../hub'
import { pages } from '../pages'
import { startReceiver } from '../receiver'
import { addressOf, things } from '../things'
import { seed } from './seed'

/** lived is how long, in milliseconds, the hub has run when the first picture is taken. */
const lived = 60_000

const folder = join(import.meta.dirname, '..', '..', 'screenshots')

interface World {
  hub: Hub
  ids: Record<string, string>
  state: Awaited<ReturnType<import('@playwright/test').BrowserContext['storageState']>>
}

const test = base.extend<object, { world: World }>({
  world: [
    async ({ browser }, use) => {
      const hub = await startHub({ live: true })
      const receiver = await startReceiver()
      await seed(hub, receiver)
      const context = await browser.newContext()
      await context.request.post(`${hub.url}/api/v1/setup`, {
        headers: { Origin: hub.url },
        data: { token: new URL(hub.setupLink).hash.replace('#token=', ''), ...owner },
      })
      const state = await context.storageState()
      await context.close()
      // For the charts: what is seen of a hub that has run for a while.
      await setTimeout(lived)
      await use({ hub, ids: await things(hub), state })
      await receiver.close()
      await hub.stop()
    },
    { scope: 'worker', timeout: 300_000 },
  ],
})

/** drawn waits until each chart that the page has is laid out, and what is to be drawn has been. */
async function drawn(page: Page): Promise<void> {
  const charts = page.locator('.uplot')
  await expect(charts.locator('.u-over')).toHaveCount(await charts.count())
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null)))),
  )
}

test('pictures of every page', async ({ browser, world, colorScheme, viewport }, { project }) => {
  const context = await browser.newContext({
    storageState: world.state,
    baseURL: world.hub.url,
    colorScheme,
    viewport,
    locale: 'en-GB',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(addressOf(path, world.ids))
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0)
    await drawn(page)
    await page.screenshot({ path: join(folder, `${name}-${project.name}.png`), animations: 'disabled' })
  }
  await context.close()
  const stranger = await browser.newContext({ baseURL: world.hub.url, colorScheme, viewport })
  const door = await stranger.newPage()
  await door.goto('/sign-in')
  await expect(door.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await door.screenshot({ path: join(folder, `sign-in-${project.name}.png`) })
  await stranger.close()
})
