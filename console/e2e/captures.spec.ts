import { call } from './hub'
import { accessible, expect, test } from './test'

interface Integrations {
  items: { id: string; kind: string }[]
}

test('what is delivered to a capture integration shows up while one looks', async ({ page, hub }) => {
  await page.goto('/captures')
  const list = page.getByRole('grid', { name: 'Captured payloads' })
  await expect(list.getByRole('row').nth(1)).toBeVisible()
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live')
  await accessible(page)
  await call(hub, 'POST', '/api/v1/events', { type: 'alert.created', title: 'Seen in the inbox at once' })
  await list.getByRole('row', { name: 'Seen in the inbox at once' }).click()
  await expect(page).toHaveURL(/event=evt_/)
  await expect(page.getByTestId('payload')).toContainText('"title": "Seen in the inbox at once"')
})

test('an inbox that got nothing says what to do', async ({ page, hub }) => {
  const made = await call<{ id: string }>(hub, 'POST', '/api/v1/integrations', {
    kind: 'capture',
    name: 'quiet inbox',
    settings: {},
    subscription: { types: ['custom.never'] },
  })
  await page.goto(`/captures?integration=${made.id}`)
  await expect(page.getByRole('heading', { name: 'Nothing has come yet' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Send a sample event' }).first()).toBeVisible()
  await call(hub, 'DELETE', `/api/v1/integrations/${made.id}`)
})

test('on a small screen a payload takes the place of the list', async ({ page, hub }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  const { items } = await call<Integrations>(hub, 'GET', '/api/v1/integrations')
  const inbox = items.find(({ kind }) => kind === 'capture')
  await page.goto(`/captures?integration=${inbox?.id}`)
  const list = page.getByRole('grid', { name: 'Captured payloads' })
  // The row of a list that is still loading is none to open.
  await list.locator('[data-opens]').first().click()
  await expect(page.getByTestId('payload')).toBeVisible()
  await page.getByRole('link', { name: 'Back to the list' }).click()
  await expect(list).toBeVisible()
})
