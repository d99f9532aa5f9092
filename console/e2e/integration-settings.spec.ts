import { call, type Hub } from './hub'
import { expect, field, flowTimeout, open, webhook } from './integration'
import { startReceiver } from './receiver'
import { accessible, test } from './test'

test.describe.configure({ timeout: flowTimeout })

/** setAt is when the hub says that a secret was set. */
async function setAt(hub: Hub, id: string, name: string): Promise<string | undefined> {
  const { secrets } = await call<{ secrets: { field: string; set_at: string }[] }>(
    hub,
    'GET',
    `/api/v1/integrations/${id}`,
  )
  return secrets.find((each) => each.field === name)?.set_at
}

test('a secret is never shown again, is kept, replaced and removed', async ({ page, hub }) => {
  const receiver = await startReceiver()
  try {
    const made = await webhook(hub, 'keeper', receiver.url)
    await open(page, made.id, 'settings')
    const secret = page.getByRole('button', { name: 'Replace Signing secret', exact: true })
    await expect(secret).toBeVisible()
    await expect(page.locator('body')).not.toContainText('a secret of at least')
    await expect(page.getByText(/^set .* by /)).toBeVisible()
    const first = await setAt(hub, made.id, 'signing_secret')
    const soon = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)
    await call(hub, 'PATCH', `/api/v1/integrations/${made.id}`, { rotate_by: soon })
    await page.reload()
    await expect(page.getByText('rotation due in 3 days')).toBeVisible()
    await field(page, 'owner').fill('soc@example.com')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('The settings are saved.')).toBeVisible()
    await expect(secret).toBeVisible()
    expect(await setAt(hub, made.id, 'signing_secret')).toBe(first)

    await secret.click()
    await expect(field(page, 'settings.signing_secret')).toBeFocused()
    await page.getByRole('button', { name: 'Keep the one that is set' }).click()
    await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0)

    await secret.click()
    await field(page, 'settings.signing_secret').fill('another secret of at least 24 bytes')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0)
    await expect(secret).toBeVisible()
    await expect(page.locator('body')).not.toContainText('another secret')
    const second = await setAt(hub, made.id, 'signing_secret')
    expect(Date.parse(second ?? '')).toBeGreaterThan(Date.parse(first ?? ''))

    // Another destination: what was entered for the first one does not go there.
    await field(page, 'settings.url').fill('http://127.0.0.2:9/hook')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('Given up: the destination has changed')).toBeVisible()
    await accessible(page)
    await page.getByRole('button', { name: 'Remove Signing secret', exact: true }).click()
    await expect(page.getByText('Removed when you save')).toBeVisible()
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0)
    const after = await call<{ settings: object; voided?: string[] | null }>(
      hub,
      'GET',
      `/api/v1/integrations/${made.id}`,
    )
    expect(after.settings).not.toHaveProperty('signing_secret')
    expect(await setAt(hub, made.id, 'signing_secret')).toBeUndefined()
    expect(after.voided ?? []).toEqual([])
  } finally {
    await receiver.close()
  }
})

test('a subscription says what it would get while it is written', async ({ page, hub }) => {
  const made = await webhook(hub, 'chooser', 'http://127.0.0.1:9/hook')
  await open(page, made.id, 'subscription')
  const trial = page.getByRole('status').filter({ hasText: 'of the last day' })
  await expect(trial).toBeVisible()
  await page.getByRole('button', { name: 'Remove custom.*' }).click()
  await expect(page.getByText('Nothing is chosen: it will send nothing.')).toBeVisible()
  await expect(trial).toContainText('It will send nothing.')
  await expect(trial).toContainText(/^0 of [0-9,]+ events of the last day match/)
  await expect(page.getByText('no event types are chosen').first()).toBeVisible()
  await page.getByRole('checkbox', { name: 'Everything that is sent in' }).check()
  await expect(trial).not.toContainText(/^0 of/)
  await field(page, 'subscription.where').fill('event.severty == "high"')
  await expect(page.getByRole('alert').filter({ hasText: 'did you mean severity?' })).toBeVisible()
  await field(page, 'subscription.where').fill('event.severity_level >= CRITICAL')
  await expect(page.getByText('its where expression does not hold').first()).toBeVisible()
  await accessible(page)
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('The subscription is saved.')).toBeVisible()
  const after = await call<{ subscription: { types: string[]; where: string } }>(
    hub,
    'GET',
    `/api/v1/integrations/${made.id}`,
  )
  expect(after.subscription).toMatchObject({ types: ['*'], where: 'event.severity_level >= CRITICAL' })
})

test('what a subscription would get stays in sight while it is counted anew, and the outdated is given up', async ({
  page,
  hub,
}) => {
  const made = await webhook(hub, 'typist', 'http://127.0.0.1:9/hook')
  await open(page, made.id, 'subscription')
  const trial = page.getByRole('status').filter({ hasText: 'of the last day' })
  const counted = await trial.textContent()
  const box = await trial.boundingBox()
  const tried: string[] = []
  const given: string[] = []
  let answer = false
  await page.route('**/api/v1/subscriptions/try', async (route) => {
    const { subscription } = route.request().postDataJSON() as { subscription: { where: string } }
    tried.push(subscription.where)
    if (answer) await route.fallback()
  })
  page.on('requestfailed', (request) => {
    if (request.url().endsWith('/subscriptions/try')) given.push(request.failure()?.errorText ?? '')
  })
  const where = field(page, 'subscription.where')
  await where.pressSequentially('event.title == "a"')
  await expect.poll(() => tried).toEqual(['event.title == "a"'])
  await expect(trial).toHaveText(counted ?? '')
  await expect(page.locator('[aria-busy="true"]').filter({ has: trial })).toHaveCount(1)
  expect((await trial.boundingBox())?.height).toBe(box?.height)
  answer = true
  await where.fill('event.title == "nothing has this title"')
  await expect(trial).toContainText(/^0 of /)
  expect(given).toEqual(['net::ERR_ABORTED'])
  await expect(page.locator('[aria-busy="true"]').filter({ has: trial })).toHaveCount(0)
})

test('whoever saves on an old state is told, and sees the newer one', async ({ page, hub }) => {
  const made = await webhook(hub, 'contested', 'http://127.0.0.1:9/hook')
  await open(page, made.id, 'settings')
  await field(page, 'owner').fill('me')
  await call(hub, 'PATCH', `/api/v1/integrations/${made.id}`, { owner: 'somebody else' })
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Somebody else was faster')).toBeVisible()
  await page.getByRole('button', { name: 'Show the newer state' }).click()
  await expect(field(page, 'owner')).toHaveValue('somebody else')
})

test('what is not saved is not lost by a click', async ({ page, hub }) => {
  const made = await webhook(hub, 'draft', 'http://127.0.0.1:9/hook')
  await open(page, made.id, 'settings')
  await field(page, 'owner').fill('me')
  await page.getByRole('tab', { name: 'Health' }).click()
  await expect(page.getByRole('dialog', { name: 'Leave without saving?' })).toBeVisible()
  await accessible(page)
  await page.getByRole('button', { name: 'Stay' }).click()
  await expect(field(page, 'owner')).toHaveValue('me')
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect(field(page, 'owner')).toHaveValue('')
  await page.getByRole('tab', { name: 'Health' }).click()
  await expect(page.getByRole('heading', { name: 'What waits' })).toBeVisible()
})

test('words that a schema may have tomorrow break nothing', async ({ page }) => {
  await page.route('**/api/v1/connectors/webhook', async (route) => {
    const answer = await route.fetch()
    const connector = await answer.json()
    connector.capabilities.push('levitate')
    Object.assign(connector.settings.properties, {
      odd: { type: 'hologram', title: 'Odd', 'x-tomorrow': [{ deep: true }] },
      either: { oneOf: [{ type: 'string' }, { type: 'null' }], title: 'Either' },
      broken: 'not a schema',
    })
    await route.fulfill({ response: answer, json: connector })
  })
  await page.goto('/integrations/new/webhook')
  await field(page, 'settings.odd').fill('{"a": ')
  await field(page, 'name').fill('odd one')
  await field(page, 'settings.url').fill('http://127.0.0.1:9/hook')
  await page.getByRole('button', { name: 'Add Webhook' }).click()
  await expect(field(page, 'settings.odd')).toBeFocused()
  await expect(page.getByText('Must be JSON')).toBeVisible()
  await field(page, 'settings.odd').fill('{"a": 1}')
  await page.getByRole('button', { name: 'Add Webhook' }).click()
  // The hub does not know it, and says so at the field.
  await expect(page.getByText(/Is not a known field/)).toBeVisible()
})
