import { call } from './hub'
import { hook, refusing, send } from './refusing'
import { accessible, expect, test } from './test'

test('the overview shows the hub at a glance, and that nothing was lost', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible()
  await expect(page.getByTestId('verdict')).toContainText('Everything adds up')
  const tiles = page.getByRole('navigation', { name: 'The hub in figures' })
  await expect(tiles.getByRole('link')).toHaveCount(8)
  await expect(tiles.getByRole('link', { name: /Open alerts/ })).toContainText(/[1-9]/)
  await expect(page.getByRole('img', { name: /Events a second that came in/ })).toBeVisible()
  await expect(page.getByRole('link', { name: /Netherlands/ })).toHaveAttribute('href', /country=.*NL/)
  await expect(page.getByRole('link', { name: /T1078 Valid Accounts/ })).toHaveAttribute(
    'href',
    /mitre=.*T1078/,
  )
  await accessible(page)
  await page.getByText('24h').click()
  await expect(page).toHaveURL(/window=24h/)
  await tiles.getByRole('link', { name: /Mailbox/ }).click()
  await expect(page).toHaveURL(/\/mailbox/)
})

test('a sample event is followed to the capture inbox', async ({ page }) => {
  await page.goto('/')
  await page.getByRole('button', { name: 'Send a sample' }).click()
  const dialog = page.getByRole('dialog', { name: 'Send a sample event' })
  await dialog.getByRole('combobox', { name: 'Event type' }).fill('incident.created')
  await page.getByRole('option', { name: 'incident.created' }).click()
  await dialog.getByRole('button', { name: 'Send', exact: true }).click()
  const inbox = dialog.getByTestId('delivery').filter({ hasText: 'demo inbox' })
  await expect(inbox).toContainText('delivered')
  await accessible(page)
  await inbox.getByRole('link', { name: 'See the payload' }).click()
  await expect(page).toHaveURL(/\/captures\?.*event=evt_/)
  await expect(page.getByTestId('payload')).toContainText('"type": "incident.created"')
  await page.getByRole('link', { name: 'The event' }).click()
  await expect(page.getByTestId('delivery').filter({ hasText: 'demo inbox' })).toBeVisible()
  await page.getByText('As it was sent').click()
  await expect(page.getByRole('region', { name: 'As it was sent' })).toContainText('sample-')
  await accessible(page)
})

test('the first steps can be hidden and come back', async ({ page }) => {
  await page.goto('/')
  const steps = page.getByRole('region', { name: 'First steps' })
  await expect(steps.getByRole('link', { name: 'Plan a block' })).toHaveAttribute('href', /\/blocks\?plan=/)
  await page.getByRole('button', { name: 'Hide the first steps' }).click()
  await expect(steps).toBeHidden()
  await page.reload()
  await expect(page.getByTestId('verdict')).toBeVisible()
  await expect(steps).toBeHidden()
  await page.getByRole('button', { name: 'First steps' }).click()
  await expect(steps).toBeVisible()
})

test('the overview fits a small screen', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto('/')
  await expect(page.getByTestId('verdict')).toBeVisible()
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
  ).toBeLessThanOrEqual(0)
})

test('an integration whose receiver refused last is failing wherever one looks', async ({ page, hub }) => {
  const receiver = await refusing(422, 'no such field')
  const id = await hook(hub, 'picky desk', receiver, 'ticket.created')
  await page.goto('/')
  const tile = page.getByRole('link', { name: /Failing integrations/ })
  await expect(tile).toContainText('every last attempt succeeded')
  await send(hub, 'ticket.created', 'Refused for good')
  await expect(tile).toContainText('their last attempt failed')
  await expect(page.getByRole('link', { name: /^Integrations/ }).getByLabel('1 failing')).toBeVisible()
  await tile.click()
  await expect(page.getByRole('combobox', { name: 'State' })).toHaveValue('Any that fails')
  await expect(page.getByRole('row', { name: 'picky desk' })).toContainText('refusing')
  await expect(page.getByRole('row')).toHaveCount(2) // the head is one
  await call(hub, 'DELETE', `/api/v1/integrations/${id}`)
  await receiver.close()
})

test('on a phone the filters of events are behind a button', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto('/events')
  await expect(page.getByRole('row').first()).toBeVisible()
  await expect(page.getByRole('combobox', { name: 'Type' })).toBeHidden()
  await page.getByRole('button', { name: 'Filters' }).click()
  await page.getByRole('combobox', { name: 'Type' }).fill('alert.*')
  await expect(page).toHaveURL(/type=alert/)
  await expect(page.getByRole('button', { name: 'Filters (1)' })).toBeVisible()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(page).toHaveURL(/\/events$/)
})

test('new events are announced, not pushed in; hostile text stays text', async ({ page, hub }) => {
  await page.goto('/events?type=alert.*')
  const table = page.getByRole('grid', { name: 'Events' })
  await expect(table.getByRole('row').nth(1)).toBeVisible()
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live')
  const title = '<img src=x onerror=alert(1)>\u202Egpj.exe'
  await call(hub, 'POST', '/api/v1/events', { type: 'alert.created', severity: 'low', title })
  await expect(page.getByRole('button', { name: /new event/ })).toBeVisible()
  await expect(table).not.toContainText('onerror')
  await page.getByRole('button', { name: /new event/ }).click()
  await expect(table.getByText('<img src=x onerror=alert(1)>⟨202E⟩gpj.exe').first()).toBeVisible()
  await accessible(page)
})
