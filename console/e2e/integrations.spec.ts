import { call } from './hub'
import { expect, field, flowTimeout, integrations, type Listed, open, send, webhook } from './integration'
import { startReceiver } from './receiver'
import { accessible, test } from './test'

test.describe.configure({ timeout: flowTimeout })

test('the list shows how integrations are doing, and keeps what is looked for in the address', async ({
  page,
}) => {
  await page.goto('/integrations')
  const list = page.getByRole('grid', { name: 'Integrations' })
  await expect(list.getByRole('row', { name: 'demo webhook' })).toContainText('working')
  await expect(list.getByRole('row', { name: 'edge-firewall' })).toContainText('of 1,000 addresses')
  await accessible(page)
  await page.getByRole('searchbox', { name: 'Search integrations' }).fill('splunk')
  await expect(page).toHaveURL(/q=splunk/)
  await expect(list.getByRole('row', { name: 'demo webhook' })).toHaveCount(0)
  await page.reload()
  await expect(list.getByRole('row', { name: /demo Splunk/ })).toBeVisible()
  await expect(list.getByRole('row', { name: 'demo webhook' })).toHaveCount(0)
  await page.getByRole('link', { name: /demo Splunk/ }).click()
  await expect(page.getByRole('heading', { level: 1, name: /demo Splunk/ })).toBeVisible()
})

test('the catalogue is in groups, can be searched, and leads to the form', async ({ page }) => {
  await page.goto('/integrations/catalogue')
  await expect(
    page.getByRole('region', { name: 'Data export' }).getByRole('link', { name: 'Webhook' }),
  ).toBeVisible()
  await expect(page.getByRole('region', { name: 'Ticketing' })).toBeVisible()
  await accessible(page)
  await page.getByRole('searchbox', { name: 'Search the catalogue' }).fill('pager')
  await expect(page.getByRole('region', { name: 'Ticketing' })).toHaveCount(0)
  await page.getByRole('link', { name: 'PagerDuty' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Add PagerDuty' })).toBeVisible()
  await expect(page.getByRole('region', { name: 'Guide' })).toBeVisible()
})

test('the form of every connector can be read and used', async ({ page, hub }) => {
  test.setTimeout(400_000)
  const { items } = await call<Listed<{ kind: string; title: string; capabilities: string[] }>>(
    hub,
    'GET',
    '/api/v1/connectors',
  )
  expect(items.length).toBeGreaterThan(5)
  for (const { kind, title, capabilities } of items) {
    await test.step(kind, async () => {
      await page.goto(`/integrations/new/${kind}`)
      await expect(page.getByRole('heading', { level: 1, name: `Add ${title}` })).toBeVisible()
      const folded = page.getByRole('button', { name: /^(Advanced|Delivery)\b/, expanded: false })
      while ((await folded.count()) > 0) await folded.first().click()
      const { settings } = await call<{ settings: { properties: object } }>(
        hub,
        'GET',
        `/api/v1/connectors/${kind}`,
      )
      for (const name of Object.keys(settings.properties)) {
        await expect(field(page, `settings.${name}`), `the field ${name} of ${kind}`).toHaveCount(1)
      }
      const events = capabilities.includes('send') || capabilities.includes('batch')
      await expect(page.getByRole('group', { name: 'Event types', exact: true }).first()).toHaveCount(
        events ? 1 : 0,
      )
      await accessible(page)
    })
  }
})

test('a webhook is added, tested, delivers, fails and is deleted, in sight', async ({ page, hub }) => {
  const receiver = await startReceiver()
  try {
    await page.goto('/integrations/new/webhook')
    await page.getByRole('button', { name: 'Add Webhook' }).click()
    await expect(field(page, 'name')).toBeFocused()
    await field(page, 'name').fill('hook of the test')
    await page.getByRole('button', { name: 'Add Webhook' }).click()
    await expect(field(page, 'settings.url')).toBeFocused()
    await field(page, 'settings.url').fill(receiver.url)
    await field(page, 'settings.signing_secret').fill('too short')
    // What only the hub knows is told at its field as well.
    await page.getByRole('button', { name: 'Check the credentials' }).click()
    await expect(field(page, 'settings.signing_secret')).toBeFocused()
    await field(page, 'settings.signing_secret').fill('')
    await page.getByRole('button', { name: 'Generate Signing secret' }).click()
    await expect(field(page, 'settings.signing_secret')).toHaveValue(/^whsec_[A-Za-z0-9+/]{43}=$/)
    await expect(page.getByRole('button', { name: 'Copy Signing secret' })).toBeVisible()

    receiver.answer(418, 'thanks for nothing')
    await page.getByRole('button', { name: 'Send this sample' }).click()
    await expect(page.getByText('It does not work')).toBeVisible()
    await expect(page.getByText('Status 418')).toBeVisible()
    receiver.answer(200, 'thanks for nothing')
    await page.getByRole('button', { name: 'Send this sample' }).click()
    await expect(page.getByText('It works')).toBeVisible()
    await expect(page.getByRole('region', { name: 'Request headers' })).toContainText('X-Tocsin-Signature')
    await expect(page.getByRole('region', { name: 'Request headers' })).toContainText('********')
    await expect(page.getByRole('region', { name: /^Request body/ })).toContainText('[Test message]')
    await expect(page.getByRole('region', { name: 'Response headers' })).toContainText('text/plain')
    await expect(page.getByRole('region', { name: /^Response body/ })).toContainText('for nothing')
    expect(receiver.received.at(-1)?.headers['webhook-signature']).toBeTruthy()
    await accessible(page)

    for (const type of ['alert.*', 'incident.*'])
      await page.getByRole('button', { name: `Remove ${type}` }).click()
    await expect(page.getByText('Nothing is chosen: it will send nothing.')).toBeVisible()
    await page.getByRole('checkbox', { name: /^custom\.\*/ }).check()
    await page.getByRole('button', { name: 'Add Webhook' }).click()
    await expect(page.getByRole('heading', { level: 1, name: 'hook of the test' })).toBeVisible()

    await page.getByRole('tab', { name: 'Deliveries' }).click()
    await expect(page.getByText('Nothing was delivered yet')).toBeVisible()
    await send(hub, 'for the hook')
    await expect(page.getByRole('table', { name: 'The newest deliveries' })).toContainText('delivered')
    expect(receiver.received.some((each) => each.body.includes('for the hook'))).toBe(true)

    // Refused for good: in the mailbox at once.
    receiver.answer(400, 'thanks for nothing')
    await send(hub, 'refused')
    await expect(page.getByRole('table', { name: 'The newest deliveries' })).toContainText('mailbox')
    await page.getByRole('tab', { name: /Mailbox/ }).click()
    await expect(page.getByRole('table', { name: 'The mailbox of this integration' })).toContainText('400')
    await expect(page.getByRole('link', { name: /refused/ })).toHaveAttribute('href', /^\/deliveries\/dlv_/)
    await accessible(page)

    // Mended: what is wrong is told in a line here, and whole where it can be replayed.
    receiver.answer(200, 'thanks for nothing')
    await page.getByRole('link', { name: 'Details' }).click()
    await page.getByRole('button', { name: 'Replay 1' }).click()
    await accessible(page)
    await page.getByRole('dialog').getByRole('button', { name: 'Replay', exact: true }).click()
    await expect(page.getByRole('button', { name: 'Replay 1' })).toHaveCount(0)

    // Down: it is tried again, and the page says why.
    receiver.answer(503, 'thanks for nothing')
    await send(hub, 'while it is down')
    await expect(page.getByRole('status').filter({ hasText: '503' }).first()).toBeVisible()
    await page.getByRole('navigation', { name: 'Back' }).getByRole('link').click()
    await expect(page.getByRole('row', { name: 'hook of the test' })).toContainText(/retrying|failing/)
    await page.getByRole('link', { name: 'hook of the test' }).click()

    // With a backlog, deleting wants to be told twice.
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    const dialog = page.getByRole('dialog')
    await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled()
    await dialog.getByRole('textbox').fill('hook of the test')
    await accessible(page)
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await expect(dialog.getByText('Delete it all the same?')).toBeVisible()
    await dialog.getByRole('textbox').fill('hook of the test')
    await dialog.getByRole('button', { name: 'Delete and give up' }).click()
    await expect(page).toHaveURL(/\/integrations$/)
    await expect(page.getByRole('row', { name: 'hook of the test' })).toHaveCount(0)
  } finally {
    await receiver.close()
  }
})

test('an integration is paused, goes on, is disabled and enabled', async ({ page, hub }) => {
  const made = await webhook(hub, 'switched', 'http://127.0.0.1:9/hook')
  await open(page, made.id)
  await page.getByRole('button', { name: 'Pause' }).click()
  await expect(page.getByRole('button', { name: 'Resume' })).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible()
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Disable…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click()
  await page.getByRole('button', { name: 'Enable', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible()
})

test('a backfill brings older events, with its progress', async ({ page, hub }) => {
  const receiver = await startReceiver()
  try {
    await send(hub, 'older than the integration')
    const made = await webhook(hub, 'late', receiver.url)
    await open(page, made.id, 'deliveries')
    await page.getByRole('button', { name: 'Start the backfill' }).click()
    await expect(page.getByText('Choose from when on.')).toBeVisible()
    await page.getByRole('button', { name: 'From' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Previous month' }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^15 [A-Z]/ })
      .click()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Start the backfill' }).click()
    await expect(page.getByRole('group', { name: 'Backfill' })).toContainText(/event.? sent/)
    await expect.poll(() => receiver.received.some((each) => each.body.includes('older than'))).toBe(true)
    await accessible(page)
  } finally {
    await receiver.close()
  }
})

test('a responder has addresses, and no subscription', async ({ page, hub }) => {
  const own = (await integrations(hub)).find((each) => each.name === 'edge-firewall')
  await open(page, own?.id ?? '')
  await expect(page.getByRole('tab', { name: 'Subscription' })).toHaveCount(0)
  await expect(page.getByRole('tab', { name: 'Deliveries' })).toHaveCount(0)
  await page.getByRole('tab', { name: 'Addresses' }).click()
  await expect(page.getByText('of 1,000 addresses')).toBeVisible()
  await accessible(page)
  await page.getByRole('tab', { name: 'Test' }).click()
  await expect(page.getByRole('button', { name: 'Send this sample' })).toHaveCount(0)
})

test('a preview shows what an event would look like, and sends nothing', async ({ page, hub }) => {
  const receiver = await startReceiver()
  try {
    const made = await webhook(hub, 'previewed', receiver.url)
    await open(page, made.id, 'test')
    await page.getByRole('button', { name: 'Preview' }).click()
    await expect(page.getByText('The subscription does not want this event')).toBeVisible()
    await expect(page.getByRole('region', { name: /^Request body/ })).toContainText('"type": "alert.created"')
    await page.getByText('A real event').click()
    const [event] = (await call<Listed<{ id: string; title?: string }>>(hub, 'GET', '/api/v1/events?limit=1'))
      .items
    await page.getByLabel('Its id').fill(event?.id ?? '')
    await page.getByRole('button', { name: 'Preview' }).click()
    await expect(page.getByRole('region', { name: /^Request body/ })).toContainText(event?.id ?? 'no event')
    expect(receiver.received).toEqual([])
    await accessible(page)
  } finally {
    await receiver.close()
  }
})

test('names that were meant to do harm are text', async ({ page, hub }) => {
  const name = '<img src=x onerror=alert(1)>"\'{{7*7}}'
  const made = await webhook(hub, name, 'http://127.0.0.1:9/hook', { owner: '<script>alert(2)</script>' })
  await page.goto('/integrations')
  await expect(page.getByRole('link', { name })).toBeVisible()
  await open(page, made.id)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name)
  expect(await page.locator('img[src="x"]').count()).toBe(0)
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await page.getByRole('dialog').getByRole('textbox').fill(name)
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page).toHaveURL(/\/integrations$/)
})

test.describe('on a small screen, in the dark', () => {
  test.use({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })

  test('nothing is wider than the screen', async ({ page, hub }) => {
    test.setTimeout(300_000)
    const all = await integrations(hub)
    const hook = all.find((each) => each.name === 'demo webhook')
    const wall = all.find((each) => each.name === 'edge-firewall')
    const parts = ['', '/settings', '/subscription', '/test', '/deliveries', '/mailbox', '/health']
    const paths = [
      '/integrations',
      '/integrations/catalogue',
      '/integrations/new/email',
      ...parts.map((part) => `/integrations/${hook?.id}${part}`),
      `/integrations/${wall?.id}/addresses`,
    ]
    for (const path of paths) {
      await test.step(path, async () => {
        await page.goto(path)
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
        await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        expect(over, `pixels too wide: ${path}`).toBeLessThanOrEqual(0)
        await accessible(page)
      })
    }
  })
})
