import { line, send } from './alert'
import { call, owner } from './hub'
import { accessible, expect, test } from './test'

test('an address is blocked: first a dry run, then for real, proven, and undone', async ({ page, hub }) => {
  const target = '203.0.113.201'
  await send(hub, {
    title: 'Somebody at the door',
    dedup_key: 'block-me',
    entities: [
      { type: 'ip', value: target, role: 'source', observed: true },
      { type: 'ip', value: '192.0.2.77', role: 'target' },
    ],
  })
  await page.goto('/alerts?q=door')
  await line(page, 'Somebody at the door').focus()
  await page.keyboard.press('b')
  const dialog = page.getByRole('dialog', { name: 'Block an address' })
  await expect(dialog.getByLabel('Address')).toHaveValue(`${target} (source)`)
  await dialog.getByRole('button', { name: 'Dry run' }).click()
  const plan = dialog.getByRole('region', { name: 'Dry run' })
  await expect(plan.getByText('This would be blocked')).toBeVisible()
  await expect(plan.getByText('edge-firewall')).toBeVisible()
  await plan.getByRole('button', { name: /POST/ }).click()
  await expect(plan.getByText(`${target}/32`)).toBeVisible()
  await accessible(page)
  const blocks = () =>
    call<{ items: { state: string }[] }>(hub, 'GET', `/api/v1/blocks?target=${target}&state=active`)
  expect((await blocks()).items).toHaveLength(0)

  await dialog.getByRole('button', { name: `Block ${target}` }).click()
  const made = page.getByRole('dialog', { name: `Block of ${target}` })
  await expect(made.getByText('Blocked, and verified everywhere')).toBeVisible()
  await expect(made.getByText('verified', { exact: true })).toBeVisible()
  expect((await blocks()).items).toHaveLength(1)
  await made.getByRole('button', { name: 'Undo (unblock)' }).click()
  await expect(made.getByText('Unblocked, and gone everywhere')).toBeVisible()
  await made.getByRole('button', { name: 'Done' }).click()
  await expect(line(page, 'Somebody at the door')).toBeFocused()
})

test('what must never be blocked is refused in the dry run, with the reason', async ({ page, hub }) => {
  await send(hub, {
    title: 'From the office',
    dedup_key: 'office',
    entities: [{ type: 'ip', value: '198.51.100.7', role: 'source', observed: true }],
  })
  await page.goto('/alerts?q=office')
  await line(page, 'From the office').focus()
  await page.keyboard.press('b')
  await page.getByRole('button', { name: 'Dry run' }).click()
  await expect(page.getByText('This would be refused')).toBeVisible()
  await expect(page.getByText(/never-block list/)).toBeVisible()
  await expect(page.getByRole('button', { name: /^Block 198/ })).toHaveCount(0)
})

test('an alert says that its address is blocked, until when, and that it came under an incident', async ({
  page,
  hub,
}) => {
  const target = '203.0.113.202'
  const id = await send(hub, {
    title: 'Answered',
    dedup_key: 'answered',
    entities: [
      { type: 'ip', value: target, role: 'source', observed: true },
      { type: 'ip', value: '203.0.113.203', role: 'source', observed: true },
    ],
  })
  await page.goto(`/alerts/${id}`)
  const drawer = page.getByRole('dialog', { name: 'Alert' })
  await expect(drawer.getByText(target)).toBeVisible()
  await expect(page.getByTestId('live')).toHaveText(/Live/)
  await expect(drawer.getByRole('button', { name: /^Unblock/ })).toHaveCount(0)
  await call(hub, 'POST', `/api/v1/alerts/${id}/block`, { target, ttl: '24h', reason: 'Brute force' })
  const chip = drawer.getByRole('link', { name: /^blocked until tomorrow, \d\d:\d\d$/ })
  await expect(chip).toHaveAttribute('href', /^\/blocks\/blk_/)
  await accessible(page)
  const { id: incident } = await call<{ id: string }>(hub, 'POST', '/api/v1/incidents', { alerts: [id] })

  await drawer.getByRole('tab', { name: 'Timeline' }).click()
  const story = drawer.getByRole('tabpanel')
  await expect(story.getByText(`Added to incident ${incident}`)).toBeVisible()
  await expect(story.getByText(`Blocked ${target}`)).toBeVisible()
  const told = await story.locator('b').allTextContents()
  expect(told).toEqual(['Added to incident', 'Blocked', 'Created'])

  // What is blocked already comes last.
  await drawer.getByRole('button', { name: 'Block IP' }).click()
  const dialog = page.getByRole('dialog', { name: 'Block an address' })
  await expect(dialog.getByLabel('Address')).toHaveValue('203.0.113.203 (source)')
  await dialog.getByLabel('Address').click()
  await expect(page.getByRole('option').last()).toHaveText(`${target} (source, blocked already)`)
  await page.keyboard.press('Escape')
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  await drawer.getByRole('tab', { name: 'Overview' }).click()
  await drawer.getByRole('button', { name: `Unblock ${target}` }).click()
  await page
    .getByRole('dialog', { name: `Unblock ${target}?` })
    .getByRole('button', { name: 'Unblock' })
    .click()
  await expect(page.getByText(/is no longer blocked/)).toBeVisible()
  await expect(chip).toHaveCount(0)
  await drawer.getByRole('tab', { name: 'Timeline' }).click()
  await expect(story.getByText(`Unblocked ${target}`)).toBeVisible()
})

test('a long title leaves room for what can be done, and is shown whole when asked for', async ({
  page,
  hub,
}) => {
  const id = await send(hub, { title: 'long '.repeat(400), dedup_key: 'long-title' })
  await page.goto(`/alerts/${id}`)
  const drawer = page.getByRole('dialog', { name: 'Alert' })
  await expect(drawer.getByRole('button', { name: 'Acknowledge' })).toBeInViewport()
  const title = drawer.getByRole('heading', { level: 2 })
  const height = async () => (await title.boundingBox())?.height ?? 0
  const cut = await height()
  expect(cut).toBeLessThan(90)
  await accessible(page)
  await drawer.getByRole('button', { name: 'More of the title' }).click()
  expect(await height()).toBeGreaterThan(2 * cut)
  await drawer.getByRole('button', { name: 'Less of the title' }).click()
  expect(await height()).toBe(cut)
})

test('a silence is made from an alert', async ({ page, hub }) => {
  const rule = { id: 'r-77', name: 'Doors' }
  const id = await send(hub, { title: 'Too loud', dedup_key: 'loud', project: 'doors', rule })
  await page.goto(`/alerts/${id}`)
  await page.getByRole('dialog', { name: 'Alert' }).getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Silence…' }).click()
  await expect(page).toHaveURL(/\/settings\/silences\?/)
  const form = page.getByRole('dialog', { name: 'Create silence' })
  await expect(form.getByLabel('Value of condition 1')).toHaveValue('r-77')
  await expect(form.getByLabel('Field of condition 2')).toHaveValue('Project')
  await expect(form.getByLabel('Value of condition 2')).toHaveValue('doors')
  await form.getByRole('button', { name: 'Try it' }).click()
  await expect(form.getByRole('region', { name: 'Trial' })).toContainText(/It is about 1 of the newest/)
  await form.getByRole('button', { name: 'Create silence' }).click()
  await expect(page.getByRole('row', { name: /rule is r-77 and project is doors/ })).toBeVisible()
  await expect(page).toHaveURL('/settings/silences')
  // The alert says so.
  await page.goto(`/alerts/${id}`)
  const drawer = page.getByRole('dialog', { name: 'Alert' })
  await expect(drawer.getByText(/^Silenced until in \d+/)).toBeVisible()
  await drawer.getByRole('link', { name: 'Silenced' }).click()
  await expect(page).toHaveURL(/\/settings\/silences\?open=/)
})

test('an alert is given to oneself, to somebody else, and to nobody', async ({ page, hub }) => {
  const id = await send(hub, { title: 'Whose is it', dedup_key: 'whose' })
  await page.goto(`/alerts/${id}`)
  const drawer = page.getByRole('dialog', { name: 'Alert' })
  const assignee = async () =>
    (await call<{ assignee?: string }>(hub, 'GET', `/api/v1/alerts/${id}`)).assignee
  const give = drawer.getByRole('button', { name: 'Assign', exact: true })
  await give.click()
  await expect(page.getByRole('textbox', { name: 'Assign to' })).toBeFocused()
  await accessible(page)
  await page.getByRole('option', { name: 'Me ana@example.com' }).click()
  await expect.poll(assignee).toBe('ana@example.com')
  await expect(give).toBeFocused()
  await give.press('Enter')
  await page.getByRole('textbox', { name: 'Assign to' }).fill('dana@example.com')
  await expect(page.getByRole('option', { name: /^dana@example.com Not among the people/ })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect.poll(assignee).toBe('dana@example.com')
  await give.click()
  await page.getByRole('option', { name: /^Nobody/ }).click()
  await expect.poll(assignee).toBe(undefined)
})

test('whoever was slower is told, and sees what it is now', async ({ page, hub }) => {
  const id = await send(hub, { title: 'Two at once', dedup_key: 'two-at-once' })
  // Without the stream, the page does not hear of the other's change.
  await page.route('**/api/v1/stream*', (route) => route.abort())
  await page.goto(`/alerts/${id}`)
  await expect(page.getByRole('heading', { name: 'Two at once' })).toBeVisible()
  await call(hub, 'POST', `/api/v1/alerts/${id}/assign`, { assignee: 'dana@example.com' })
  await page.getByRole('dialog', { name: 'Alert' }).getByRole('button', { name: 'Acknowledge' }).click()
  await expect(page.getByText(/Somebody else changed this alert/)).toBeVisible()
  await expect(page.getByRole('dialog', { name: 'Alert' }).getByText('dana@example.com')).toBeVisible()
  expect((await call<{ status: string }>(hub, 'GET', `/api/v1/alerts/${id}`)).status).toBe('open')
})

test('an alert that nobody has is taken in one step, and given back by the undo', async ({ page, hub }) => {
  const id = await send(hub, { title: 'Nobody has it', dedup_key: 'take-it' })
  const now = () => call<{ status: string; assignee?: string }>(hub, 'GET', `/api/v1/alerts/${id}`)
  await page.goto(`/alerts/${id}`)
  const drawer = page.getByRole('dialog', { name: 'Alert' })
  await drawer.getByRole('button', { name: 'Take it' }).click()
  await expect(drawer.getByText('acknowledged', { exact: true })).toBeVisible()
  await expect(drawer.getByText(owner.email)).toBeVisible()
  await expect(drawer.getByRole('button', { name: 'Take it' })).toHaveCount(0)
  expect(await now()).toMatchObject({ status: 'acknowledged', assignee: owner.email })
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(drawer.getByRole('button', { name: 'Take it' })).toBeVisible()
  expect(await now()).toMatchObject({ status: 'open' })
  expect((await now()).assignee ?? '').toBe('')
})

test('an entity of an alert is blocked from its line', async ({ page, hub }) => {
  const target = '203.0.113.204'
  const id = await send(hub, {
    title: 'By its line',
    dedup_key: 'by-its-line',
    entities: [
      { type: 'ip', value: '203.0.113.205', role: 'source', observed: true },
      { type: 'ip', value: target, role: 'source', observed: true },
      { type: 'user', value: 'dana', role: 'target' },
    ],
  })
  await page.goto(`/alerts/${id}`)
  const drawer = page.getByRole('dialog', { name: 'Alert' })
  await expect(drawer.getByRole('button', { name: 'Block dana' })).toHaveCount(0)
  await drawer.getByRole('button', { name: `Block ${target}` }).click()
  const dialog = page.getByRole('dialog', { name: 'Block an address' })
  await expect(dialog.getByLabel('Address')).toHaveValue(`${target} (source)`)
  await dialog.getByRole('button', { name: 'Dry run' }).click()
  await dialog.getByRole('button', { name: `Block ${target}` }).click()
  const made = page.getByRole('dialog', { name: `Block of ${target}` })
  await expect(made.getByText('Blocked, and verified everywhere')).toBeVisible()
  await made.getByRole('button', { name: 'Done' }).click()
  await expect(drawer.getByRole('button', { name: `Unblock ${target}` })).toBeVisible()
  await expect(drawer.getByRole('button', { name: `Block ${target}`, exact: true })).toHaveCount(0)
})
