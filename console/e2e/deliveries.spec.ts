import { call } from './hub'
import type { Receiver } from './receiver'
import { hook, refusing, send } from './refusing'
import { accessible, expect, test } from './test'

// What an enemy who owns a receiver may answer: markup, a script, and characters that turn the line around.
const hostile =
  '<script>document.title="owned"</script><img src=x onerror="document.title=1">\u202Edne eht\u202C "{'

let receiver: Receiver

test.afterEach(() => receiver?.close())

test('a delivery appears by itself, is opened, and tells its story', async ({ page, hub }) => {
  receiver = await refusing(200, 'thank you')
  const id = await hook(hub, 'Live webhook', receiver, 'custom.live')
  await page.goto(`/deliveries?integration=${id}`)
  await expect(page.getByRole('heading', { name: 'No delivery matches' })).toBeVisible()
  await expect(page.getByText('Live', { exact: true })).toBeVisible()
  await accessible(page)

  await send(hub, 'custom.live', 'It is alive')
  await page.getByRole('button', { name: '1 new' }).click()
  const row = page.getByRole('row', { name: /custom\.live, delivered/ })
  await expect(row).toContainText('Live webhook')
  await expect(row).toContainText('It is alive')
  await accessible(page)

  await row.click()
  await expect(page).toHaveURL(/\/deliveries\/dlv_/)
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByRole('heading')).toContainText('It is alive')
  await expect(drawer.getByText('Attempt 1 · Delivered')).toBeVisible()
  await expect(drawer.getByText(/HTTP 200/)).toBeVisible()
  await expect(drawer.getByText('Its success means that it arrived for certain.')).toBeVisible()
  await expect(drawer.getByRole('button', { name: 'Retry now' })).toHaveAttribute('aria-disabled', 'true')
  await accessible(page)

  await drawer.getByRole('tab', { name: 'Request' }).click()
  await expect(drawer.getByText(receiver.url)).toBeVisible()
  await expect(drawer.getByRole('region', { name: /^Request body/ })).toContainText('It is alive')
  await accessible(page)
  await drawer.getByRole('tab', { name: 'Event' }).click()
  await expect(drawer.getByRole('tabpanel').getByText('It is alive', { exact: true })).toBeVisible()
  await accessible(page)
  await page.reload() // the open part is in the address
  await expect(drawer.getByRole('tabpanel').getByText('It is alive', { exact: true })).toBeVisible()

  await page.keyboard.press('Escape')
  await expect(page).toHaveURL(new RegExp(`/deliveries\\?integration=${id}$`))
})

test('a parked delivery is retried, and its row changes where it stands', async ({ page, hub }) => {
  receiver = await refusing(503, 'the pump is off')
  const id = await hook(hub, 'Pump', receiver, 'custom.pump')
  await send(hub, 'custom.pump', 'Water')
  await page.goto(`/deliveries?integration=${id}`)
  const row = page.getByRole('row', { name: /custom\.pump/ })
  await expect(row).toContainText('parked')
  await expect(row).toContainText('503 Service Unavailable')
  await row.click()
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByText('Next attempt', { exact: true })).toBeVisible()
  await expect(drawer.getByText('Attempt 1 · Failed; to be tried again')).toBeVisible()
  await expect(drawer.getByRole('region', { name: 'The answer to attempt 1' }).first()).toHaveText(
    'the pump is off',
  )
  await accessible(page)

  receiver.answer(200, '')
  await drawer.getByRole('button', { name: 'Retry now' }).click()
  await expect(drawer.getByText(/Attempt \d · Delivered/)).toBeVisible()
  await drawer.getByRole('button', { name: 'Close the delivery' }).click()
  await expect(row).toContainText('delivered')
})

test('what a hostile receiver answers is text, and nothing more', async ({ page, hub }) => {
  receiver = await refusing(400, hostile)
  const id = await hook(hub, '<b>Evil</b> hook', receiver, 'custom.evil')
  await send(hub, 'custom.evil', '<img src=x onerror="document.title=2">')
  await page.goto(`/deliveries?integration=${id}`)
  const row = page.getByRole('row', { name: /custom\.evil, mailbox/ })
  await expect(row).toContainText('<b>Evil</b> hook')
  await row.click()
  const drawer = page.getByRole('dialog')
  const answer = drawer.getByRole('region', { name: 'The answer to attempt 1' })
  await expect(answer).toContainText('<script>document.title="owned"</script><img src=x')
  // The character that turns what follows it is not in the page, whoever took it out.
  expect(await page.locator('body').textContent()).not.toContain('\u202E')
  await drawer.getByRole('tab', { name: 'Event' }).click()
  await expect(drawer.getByRole('heading')).toContainText('<img src=x onerror="document.title=2">')
  await expect(
    drawer.getByRole('tabpanel').getByText('<img src=x onerror="document.title=2">', { exact: true }),
  ).toBeVisible()
  expect(await page.locator('img[src="x"]').count()).toBe(0)
  await expect(page).toHaveTitle('Deliveries · Tocsin')
})

test('filters stand in the address, and work by keyboard', async ({ page, hub }) => {
  receiver = await refusing(200, '')
  const id = await hook(hub, 'Filtered', receiver, 'custom.filtered')
  const event = await send(hub, 'custom.filtered', 'One')
  await expect
    .poll(
      async () =>
        (await call<{ items: [] }>(hub, 'GET', `/api/v1/deliveries?integration=${id}`)).items.length,
    )
    .toBe(1)
  await page.goto('/deliveries')
  await page.getByRole('combobox', { name: 'Integration' }).fill('Filtered')
  await page.getByRole('option', { name: 'Filtered' }).click()
  await expect(page).toHaveURL(new RegExp(`integration=${id}`))
  await page.getByRole('textbox', { name: 'Event type' }).fill('custom.*')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/type=custom/)
  await page.getByRole('textbox', { name: 'Event id' }).fill(event)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('row', { name: /custom\.filtered/ })).toHaveCount(1)
  await page.getByRole('button', { name: /^Time/ }).click()
  await accessible(page)
  await page.getByRole('button', { name: 'Last hour' }).click()
  await expect(page).toHaveURL(/since=/)
  await expect(page.getByRole('row', { name: /custom\.filtered/ })).toHaveCount(1)
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog').getByText('Attempt 1 · Delivered')).toBeVisible()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(page).toHaveURL(/\/deliveries$/)
})

test.describe('on a small screen', () => {
  test.use({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })

  test('deliveries are cards, filters are behind a button, and nothing overflows', async ({ page, hub }) => {
    receiver = await refusing(400, 'x'.repeat(900))
    const id = await hook(hub, `A name that is long${' and longer'.repeat(7)}`, receiver, 'custom.small')
    await send(hub, 'custom.small', 'Small')
    await page.goto(`/deliveries?integration=${id}`)
    await page.getByRole('row', { name: /custom\.small/ }).click()
    await expect(page.getByRole('region', { name: 'The answer to attempt 1' })).toBeVisible()
    // A long name leaves what can be done in sight.
    await expect(page.getByRole('dialog').getByRole('button', { name: 'Retry now' })).toBeInViewport()
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
    expect(await wide()).toBe(false)
    await accessible(page)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Filters (1)' }).click()
    await expect(page.getByRole('combobox', { name: 'Status' })).toBeVisible()
    expect(await wide()).toBe(false)
    await accessible(page)
  })
})
