import type { Page } from '@playwright/test'
import { call, type Hub } from './hub'
import type { Receiver } from './receiver'
import { hook, refusing, send } from './refusing'
import { accessible, expect, test } from './test'

let receiver: Receiver

test.afterEach(() => receiver?.close())

/** fill makes so many deliveries to the integration fail for good. */
async function fill(hub: Hub, id: string, type: string, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await send(hub, type, `Number ${i + 1}`)
  await expect
    .poll(
      async () => (await call<{ items: [] }>(hub, 'GET', `/api/v1/mailbox?integration=${id}`)).items.length,
    )
    .toBe(n)
}

const causes = (page: Page) => page.getByRole('list', { name: 'Causes' }).getByRole('listitem')

test('failures are found by cause, the receiver is mended, and all are replayed', async ({ page, hub }) => {
  receiver = await refusing(400, '<h1>no such field</h1>')
  const id = await hook(hub, 'Broken hook', receiver, 'custom.broken')
  await page.goto('/mailbox')
  await fill(hub, id, 'custom.broken', 3)
  const cause = causes(page).filter({ hasText: 'Broken hook' })
  await expect(cause).toContainText('400 Bad Request') // came by itself
  await expect(cause).toContainText('<h1>no such field</h1>')
  await expect(cause).toContainText('Refused for good')
  await expect(cause).toContainText('3')
  await accessible(page)

  await cause.getByRole('link', { name: /400 Bad Request/ }).click()
  await expect(page).toHaveURL(/cause=/)
  const rows = page.getByRole('row', { name: /custom\.broken, mailbox/ })
  await expect(rows).toHaveCount(3)
  await accessible(page)

  receiver.answer(200, '')
  await page.getByRole('button', { name: 'Replay all 3' }).click()
  const question = page.getByRole('dialog', { name: 'Replay 3 deliveries?' })
  await expect(question).toBeVisible()
  await accessible(page)
  await question.getByRole('button', { name: 'Replay', exact: true }).click()
  const tray = page.getByRole('region', { name: 'Running jobs' })
  await expect(tray).toContainText('3 deliveries requeued')
  await expect(page.getByRole('heading', { name: 'No delivery matches' })).toBeVisible()
  await expect.poll(() => receiver.received.length).toBe(6)
  await accessible(page)

  await tray.getByRole('link', { name: 'Replay' }).click()
  const job = page.getByRole('dialog')
  await expect(job.getByText('3 deliveries requeued')).toBeVisible()
  await accessible(page)
  await page.keyboard.press('Escape')
  await expect(page).toHaveURL(/\/deliveries\/jobs$/)
  await expect(page.getByRole('row', { name: /Replay, done/ }).first()).toBeVisible()
  await accessible(page)
})

test('some are chosen and replayed; what fails again comes back', async ({ page, hub }) => {
  receiver = await refusing(422, 'not like this')
  const id = await hook(hub, 'Picky hook', receiver, 'custom.picky')
  await fill(hub, id, 'custom.picky', 2)
  await page.goto(`/mailbox?integration=${id}&list=true`)
  const rows = page.getByRole('row', { name: /custom\.picky/ })
  await expect(rows).toHaveCount(2)
  await rows.first().getByRole('checkbox').check()
  await expect(page.getByText('1 selected')).toBeVisible()
  await accessible(page)
  receiver.answer(200, '')
  await page.getByRole('button', { name: 'Replay selected' }).click()
  await expect(rows).toHaveCount(1)
  await expect(page.getByRole('region', { name: 'Running jobs' })).toContainText('1 delivery requeued')

  receiver.answer(422, 'still not')
  await page.getByRole('button', { name: 'Replay all 1' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Replay', exact: true }).click()
  await expect(rows).toHaveCount(1)
  await rows.click()
  await expect(page.getByRole('region', { name: 'The answer to replay 1, attempt 1' }).first()).toHaveText(
    'still not',
  )
})

test('one is discarded with a reason, found again, and replayed from there', async ({ page, hub }) => {
  receiver = await refusing(400, 'no')
  const id = await hook(hub, 'Tried out', receiver, 'custom.tried')
  await fill(hub, id, 'custom.tried', 1)
  await page.goto('/mailbox')
  const cause = causes(page).filter({ hasText: 'Tried out' })
  await cause.getByRole('button', { name: 'Discard' }).click()
  const question = page.getByRole('dialog', { name: 'Discard 1 delivery?' })
  await expect(question).toContainText('can be replayed from there')
  await expect(question.getByRole('button', { name: 'Discard' })).toBeDisabled()
  await question.getByRole('textbox', { name: 'Reason' }).fill('only a <i>trial</i>')
  await accessible(page)
  await question.getByRole('button', { name: 'Discard' }).click()
  await expect(cause).toHaveCount(0)
  await expect(page.getByText('1 delivery discarded.', { exact: false })).toBeVisible()

  await page.getByRole('combobox', { name: 'Show' }).click()
  await page.getByRole('option', { name: 'Discarded' }).click()
  await expect(page).toHaveURL(/status=discarded/)
  await expect(cause).toContainText('Only a <i>trial</i>')
  await expect(cause.getByRole('button', { name: 'Discard' })).toHaveCount(0)
  receiver.answer(200, '')
  await cause.getByRole('button', { name: 'Replay all' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Replay', exact: true }).click()
  await expect(cause).toHaveCount(0)
  await expect.poll(() => receiver.received.length).toBe(2)
})

test('what a replay could not do is told item by item', async ({ page, hub }) => {
  receiver = await refusing(400, 'no')
  const id = await hook(hub, 'Switched off', receiver, 'custom.off')
  await fill(hub, id, 'custom.off', 2)
  await call(hub, 'PATCH', `/api/v1/integrations/${id}`, { enabled: false })
  await page.goto(`/mailbox?integration=${id}`)
  await page.getByRole('button', { name: 'Replay all' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Replay', exact: true }).click()
  const tray = page.getByRole('region', { name: 'Running jobs' })
  await expect(tray).toContainText('2 could not be replayed')
  await expect(tray.getByRole('link', { name: /^dlv_/ })).toHaveCount(2)
  await accessible(page)
  await tray.getByRole('link', { name: 'Replay' }).click()
  await expect(page.getByRole('dialog').getByText('What could not be done')).toBeVisible()
  await page.keyboard.press('Escape')
  await tray.getByRole('button', { name: 'Hide this replay' }).click()
  await expect(tray).toHaveCount(0)
})

test('a job that runs shows how far it is, and is cancelled', async ({ page, hub }) => {
  receiver = await refusing(400, 'no')
  const id = await hook(hub, 'Endless', receiver, 'custom.endless')
  await fill(hub, id, 'custom.endless', 1)
  // A replay of a handful is over before one can look. This hub's answers are those of a long one.
  const job = {
    id: 'job_01kmb7a2v4e9zr6x3q8w5t0ysd',
    kind: 'replay',
    state: 'running',
    total: 5_000,
    done: 1_250,
    failed: 0,
    created_at: new Date().toISOString(),
    updated_at: new Date().toISOString(),
  }
  await page.route('**/api/v1/mailbox/replay', (route) => route.fulfill({ status: 202, json: job }))
  await page.route(`**/api/v1/jobs/${job.id}`, (route) => route.fulfill({ json: job }))
  await page.route(`**/api/v1/jobs/${job.id}/cancel`, (route) => {
    Object.assign(job, { state: 'cancelled', updated_at: new Date().toISOString() })
    return route.fulfill({ json: job })
  })
  await page.goto(`/mailbox?integration=${id}`)
  await page.getByRole('button', { name: 'Replay all' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Replay', exact: true }).click()
  const tray = page.getByRole('region', { name: 'Running jobs' })
  await expect(tray).toContainText('1,250 of 5,000 requeued')
  await expect(tray.getByRole('progressbar', { name: 'Replay: 25 % done' })).toBeVisible()
  await accessible(page)
  await tray.getByRole('button', { name: 'Cancel' }).click()
  await expect(tray).toContainText('Cancelled; 1,250 of 5,000 were requeued before that')
  await expect(tray.getByRole('button', { name: 'Cancel' })).toHaveCount(0)
})

test('an empty mailbox is good news', async ({ page }) => {
  await page.route('**/api/v1/mailbox/causes*', (route) => route.fulfill({ json: { items: [], total: 0 } }))
  await page.goto('/mailbox')
  await expect(page.getByRole('heading', { name: 'Nothing failed for good' })).toBeVisible()
  await accessible(page)
})

test.describe('on a small screen', () => {
  test.use({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })

  test('causes and deliveries fit', async ({ page, hub }) => {
    receiver = await refusing(400, `<b>${'long '.repeat(100)}</b>`)
    const id = await hook(hub, 'Small screen', receiver, 'custom.phone')
    await fill(hub, id, 'custom.phone', 2)
    await page.goto(`/mailbox?integration=${id}`)
    await expect(causes(page)).toHaveCount(1)
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
    expect(await wide()).toBe(false)
    await accessible(page)
    await page.getByText('One by one').click()
    await expect(page.getByRole('row', { name: /custom\.phone/ })).toHaveCount(2)
    expect(await wide()).toBe(false)
    await accessible(page)
  })
})
