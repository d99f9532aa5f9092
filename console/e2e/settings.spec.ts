import { createHmac } from 'node:crypto'
import type { Page } from '@playwright/test'
import { call } from './hub'
import { once, textOf } from './once'
import { accessible, expect, test } from './test'

// Each flow looks at several pages with axe, which takes its time.
test.describe.configure({ timeout: 120_000 })

// What slides in is measured where it stands.
test.beforeEach(async ({ page }) => page.emulateMedia({ reducedMotion: 'reduce' }))

/** pick chooses an entry of a select. */
async function pick(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: label }).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

test('an API key is created, shown once, listed, used and revoked', async ({ page, hub }) => {
  await page.goto('/settings/keys')
  await page.getByRole('button', { name: 'Create key' }).click()
  const form = page.getByRole('dialog', { name: 'Create key' })
  await form.getByLabel('Name').fill('shop backend')
  await form.getByRole('button', { name: 'Create key' }).click()
  await expect(form.getByText('Choose what the key may do')).toBeVisible()
  await form.getByRole('button', { name: 'Read everything' }).click()
  await expect(form.getByRole('checkbox', { name: 'alerts:read' })).toBeChecked()
  await expect(form.getByRole('checkbox', { name: 'alerts:write' })).not.toBeChecked()
  await accessible(page)
  await form.getByRole('button', { name: 'Create key' }).click()

  const key = textOf(await once(page, 'API key').textContent())
  expect(key).toMatch(/^tsk_live_/)
  await expect(once(page, 'Try it')).toContainText(`X-API-Key: ${key}`)
  await accessible(page)
  await page.keyboard.press('Escape')
  await expect(once(page, 'API key'), 'it is not lost by a key').toBeVisible()
  const me = await fetch(`${hub.url}/api/v1/me`, { headers: { 'X-API-Key': key } })
  expect(await me.json()).toMatchObject({ name: 'shop backend' })

  await page.getByRole('button', { name: 'I have copied it' }).click()
  const line = page.getByRole('row', { name: 'shop backend' })
  await expect(line).toContainText(key.slice(0, 17))
  await expect(page.getByText(key)).toHaveCount(0)
  await line.click()
  await page
    .getByRole('dialog', { name: 'shop backend', exact: true })
    .getByRole('button', { name: 'Revoke' })
    .click()
  const ask = page.getByRole('dialog', { name: /Revoke the key/ })
  await accessible(page)
  await ask.getByRole('button', { name: 'Revoke' }).click()
  await expect(line).toHaveCount(0)
  await page.getByText('Revoked and expired').click()
  await expect(page.getByRole('row', { name: 'shop backend' })).toContainText('revoked')
  expect((await fetch(`${hub.url}/api/v1/me`, { headers: { 'X-API-Key': key } })).status).toBe(401)
})

test('a key is rotated with an overlap', async ({ page, hub }) => {
  await call(hub, 'POST', '/api/v1/api-keys', { name: 'to rotate', scopes: ['alerts:read'] })
  await page.goto('/settings/keys')
  await page.getByRole('row', { name: 'to rotate' }).click()
  await page.getByRole('button', { name: 'Rotate' }).click()
  await page.getByRole('button', { name: 'Rotate key' }).click()
  await expect(once(page, 'API key')).toContainText('tsk_live_')
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await expect(page.getByRole('row', { name: 'to rotate' })).toHaveCount(2)
})

test('a project is created, changed, deleted, and brought back', async ({ page }) => {
  await page.goto('/settings/projects')
  await page.getByRole('button', { name: 'Create project' }).click()
  const form = page.getByRole('dialog', { name: 'Create project' })
  await form.getByLabel('Name').fill('check\u00ADout')
  await form.getByRole('button', { name: 'Create project' }).click()
  await expect(form.getByLabel('Name')).toHaveAttribute('aria-invalid', 'true')
  await form.getByLabel('Name').fill('checkout')
  await form.getByLabel('Title').fill('<b>Checkout</b>')
  await pick(page, 'Environment', 'production')
  await accessible(page)
  await form.getByRole('button', { name: 'Create project' }).click()
  const line = page.getByRole('row', { name: 'checkout' })
  await expect(line).toContainText('<b>Checkout</b>')
  await line.click()
  await page.getByRole('dialog', { name: 'checkout' }).getByLabel('Title').fill('Checkout')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(line).not.toContainText('<b>')
  await page.getByRole('button', { name: 'Actions for checkout' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(line).toHaveCount(0)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(line).toBeVisible()
})

test('an account below is made, acted in, closed and reopened', async ({ page }) => {
  await page.goto('/settings/accounts')
  await page.getByRole('button', { name: 'Create account' }).click()
  const form = page.getByRole('dialog', { name: 'Create account' })
  await form.getByLabel('Name').fill('acme')
  await form.getByLabel('Title').fill('Acme Ltd')
  await accessible(page)
  await form.getByRole('button', { name: 'Create account' }).click()
  const line = page.getByRole('row', { name: 'Acme Ltd' })
  await line.getByRole('button', { name: 'Act in Acme Ltd' }).click()
  await expect(page.getByText('You act in the account acme.')).toBeVisible()
  await page.goto('/settings/accounts')
  await expect(page.getByText('Acme Ltd').first()).toBeVisible()
  await page.getByRole('button', { name: 'Back to default' }).first().click()
  await expect(page.getByText('You act in the account')).toHaveCount(0)
  await page.goto('/settings/accounts')
  await line.getByRole('button', { name: 'Actions for Acme Ltd' }).click()
  await page.getByRole('menuitem', { name: 'Close' }).click()
  const ask = page.getByRole('dialog', { name: /Close the account/ })
  await ask.getByRole('textbox').fill('acme')
  await ask.getByRole('button', { name: 'Close it' }).click()
  await expect(line).toContainText('closed')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(line).toContainText('open')
})

test('a mapping rule is tried, made, moved, and does what it says', async ({ page, hub }) => {
  await call(hub, 'POST', '/api/v1/events', {
    type: 'alert.created',
    severity: 'high',
    title: 'Mapping trial',
  })
  type Events = { items: { title: string }[] }
  await expect
    .poll(async () => (await call<Events>(hub, 'GET', '/api/v1/events?limit=10')).items.map((e) => e.title))
    .toContain('Mapping trial')
  await page.goto('/settings/mapping')
  for (const name of ['First rule', 'Second rule']) {
    await page.getByRole('button', { name: 'Create rule' }).click()
    const form = page.getByRole('dialog', { name: 'Create rule' })
    await form.getByLabel('Name').fill(name)
    await form.getByLabel('When').fill('event.titel == "x"')
    await form.getByRole('button', { name: 'Try it' }).click()
    await expect(form.getByLabel('When')).toHaveAttribute('aria-invalid', 'true')
    await form.getByLabel('When').fill('event.title == "Mapping trial"')
    await pick(page, 'Severity', 'low')
    await form.getByRole('button', { name: 'Try it' }).click()
    await expect(form.getByRole('region', { name: 'Trial' })).toContainText('severity: high → low')
    await accessible(page)
    await form.getByRole('button', { name: 'Create rule' }).click()
    await expect(page.getByRole('row', { name })).toContainText('severity = low')
  }
  const rules = page.getByRole('grid', { name: 'Mapping rules' }).getByRole('row', { name: / rule$/ })
  await expect(rules.first()).toContainText('First rule')
  await page.getByRole('button', { name: 'Actions for Second rule' }).click()
  await page.getByRole('menuitem', { name: 'Move up' }).click()
  await expect(rules.first()).toContainText('Second rule')
  await page.getByRole('switch', { name: 'Rule First rule is on' }).press('Space')
  await expect(page.getByRole('switch', { name: 'Rule First rule is on' })).not.toBeChecked()

  await call(hub, 'POST', '/api/v1/events', {
    type: 'alert.created',
    severity: 'high',
    title: 'Mapping trial',
  })
  type Rules = { items: { name: string; counts: { matched: number } }[] }
  await expect
    .poll(async () => {
      const { items } = await call<Rules>(hub, 'GET', '/api/v1/mapping-rules')
      return items.find(({ name }) => name === 'Second rule')?.counts.matched
    })
    .toBe(1)
  await page.reload()
  await expect(page.getByRole('row', { name: 'Second rule' }).getByText('1', { exact: true })).toBeVisible()
})

test('a source is made, takes an event with its secret alone, and counts it', async ({ page, hub }) => {
  await page.goto('/settings/sources')
  await page.getByRole('button', { name: 'Create source' }).click()
  const form = page.getByRole('dialog', { name: 'Create source' })
  await form.getByLabel('Name').fill('Shop backend')
  await form.getByRole('combobox', { name: 'Tool' }).fill('Tocsin')
  await page.getByRole('option', { name: /Tocsin events/ }).click()
  await pick(page, 'Authentication', 'HMAC signature in a header')
  await form.getByRole('button', { name: 'Create source' }).click()
  await expect(form.getByRole('textbox', { name: 'Header', exact: true })).toHaveAttribute(
    'aria-invalid',
    'true',
  )
  await form.getByRole('textbox', { name: 'Header', exact: true }).fill('X-Signature')
  await accessible(page)
  await form.getByRole('button', { name: 'Create source' }).click()
  const secret = textOf(await once(page, 'Signing secret').textContent())
  const url = textOf(await once(page, 'Address').textContent())
  await expect(once(page, 'Try it')).toContainText(secret)
  await accessible(page)
  await page.getByRole('button', { name: 'I have copied it' }).click()

  const body = JSON.stringify({ type: 'alert.created', severity: 'low', title: 'By the source' })
  const send = (signature: string) =>
    fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Signature': signature },
      body,
    })
  expect((await send('00')).status).toBe(401)
  const taken = await send(createHmac('sha256', secret).update(body).digest('hex'))
  expect(taken.status, await taken.text()).toBe(202)
  type Sources = { items: { name: string; last_received_at?: string }[] }
  await expect
    .poll(async () => {
      const { items } = await call<Sources>(hub, 'GET', '/api/v1/sources')
      return items.find(({ name }) => name === 'Shop backend')?.last_received_at
    })
    .toBeTruthy()
  await page.reload()
  await expect(page.getByRole('row', { name: 'Shop backend' })).toContainText('receiving')
  await page.getByRole('row', { name: 'Shop backend' }).click()
  const source = page.getByRole('dialog', { name: 'Shop backend' })
  await expect(source.getByText('SECRET=…')).toBeVisible()
  await expect(page.getByText(secret)).toHaveCount(0)
  await source.getByRole('tab', { name: 'Try a sample' }).click()
  await source.getByLabel('What the tool would send').fill(body)
  await source.getByRole('button', { name: 'Read it' }).click()
  await expect(source.getByText('It would make 1 event.')).toBeVisible()
  await accessible(page)
  await source.getByRole('tab', { name: 'Send to it' }).click()
  await source.getByRole('button', { name: 'Rotate secret' }).click()
  await page
    .getByRole('dialog', { name: 'Rotate the secret' })
    .getByRole('button', { name: 'Rotate secret' })
    .click()
  const fresh = textOf(await once(page, 'Signing secret').textContent())
  expect(fresh).not.toBe(secret)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  const both = [secret, fresh].map((each) => createHmac('sha256', each).update(body).digest('hex'))
  for (const signature of both) expect((await send(signature)).status).toBe(202)
})

test('a silence is tried, made, made longer, and ended', async ({ page }) => {
  await page.goto('/settings/silences')
  await page.getByRole('button', { name: 'Create silence' }).click()
  const form = page.getByRole('dialog', { name: 'Create silence' })
  await expect(form.getByRole('button', { name: 'Create silence' })).toBeDisabled()
  await expect(form.getByText('Say what it is about first')).toBeVisible()
  await pick(page, 'Field of condition 1', 'Type')
  await form.getByLabel('Value of condition 1').fill('alert.created')
  await form.getByRole('button', { name: 'Try it' }).click()
  await expect(form.getByRole('region', { name: 'Trial' })).toContainText(
    /It is about [1-9]\d* of the newest/,
  )
  await form.getByLabel('Reason').fill('Load test')
  await accessible(page)
  await form.getByRole('button', { name: 'Create silence' }).click()
  const line = page.getByRole('row', { name: 'type is alert.created' })
  await expect(line).toContainText('active')
  await line.getByRole('button', { name: 'Actions for this silence' }).click()
  await page.getByRole('menuitem', { name: 'One day longer' }).click()
  await expect(line).toContainText('tomorrow')
  await line.getByRole('button', { name: 'Actions for this silence' }).click()
  await page.getByRole('menuitem', { name: 'End it now' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
  await expect(line).toHaveCount(0)
  await page.getByText('Ended', { exact: true }).click()
  await expect(line).toContainText('ended')
})

test('a digest is previewed as text and sent', async ({ page, hub }) => {
  const { id } = await call<{ id: string }>(hub, 'POST', '/api/v1/integrations', {
    kind: 'email',
    name: 'Morning report',
    settings: {
      host: '127.0.0.1',
      from: 'tocsin@example.com',
      to: ['soc@example.com'],
      digest: { daily: true, daily_at: '07:00', timezone: 'Europe/Berlin' },
    },
    subscription: { types: [] },
  })
  await page.goto('/settings/digests')
  await expect(page.getByText('every day at 07:00')).toBeVisible()
  await page.getByRole('button', { name: 'Preview and send' }).click()
  await expect(page.getByRole('heading', { name: 'New alerts by severity' })).toBeVisible()
  await accessible(page)
  await page.getByRole('button', { name: 'Send it now' }).click()
  await page.getByRole('button', { name: 'Send it', exact: true }).click()
  await expect(page.getByText('The digest is on its way.')).toBeVisible()
  await call(hub, 'DELETE', `/api/v1/integrations/${id}?force=true`)
})

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } })
  const paths = [
    '',
    'profile',
    'accounts',
    'projects',
    'users',
    'keys',
    'plans',
    'egress',
    'mapping',
    'sources',
  ]
  for (const path of [...paths, 'silences', 'digests', 'retention']) {
    test(`/settings/${path} fits, and is accessible`, async ({ page }) => {
      await page.goto(`/settings/${path}`)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0)
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(over, 'it sticks out sideways').toBeLessThanOrEqual(0)
      await accessible(page)
    })
  }
})

test('the operator downloads a backup, and seals secrets anew', async ({ page }) => {
  await page.goto('/settings/retention')
  await page.getByRole('switch', { name: 'With the events of the journal' }).press('Space')
  await expect(page.getByRole('link', { name: 'Download a backup' })).toHaveAttribute('href', /events=false$/)
  const coming = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download a backup' }).click()
  expect((await coming).suggestedFilename()).toMatch(/^tocsin.*\.tar\.zst$/)
  await page.getByRole('button', { name: 'Seal with a new key' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Seal with a new key' }).click()
  await expect(page.getByText('sealed anew.').first()).toBeVisible()
})
