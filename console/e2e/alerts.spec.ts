import type { Page } from '@playwright/test'
import { call, type Hub, owner } from './hub'
import { accessible, expect, test } from './test'

/** send makes an alert of its own for a test, and waits until it is in the queue. */
async function send(
  hub: Hub,
  alert: Record<string, unknown> & { title: string; dedup_key: string },
): Promise<string> {
  await call(hub, 'POST', '/api/v1/events', { type: 'alert.created', severity: 'high', ...alert })
  let id = ''
  await expect
    .poll(async () => {
      const found = await call<{ items: { id: string }[] }>(
        hub,
        'GET',
        `/api/v1/alerts?dedup_key=${encodeURIComponent(alert.dedup_key)}`,
      )
      id = found.items[0]?.id ?? ''
      return id
    })
    .not.toBe('')
  return id
}

const line = (page: Page, title: string) => page.getByRole('row', { name: title, exact: true })

test('an alert is acknowledged by keyboard, and by mouse, and the list shows it', async ({ page, hub }) => {
  test.slow()
  await send(hub, { title: 'By keyboard', dedup_key: 'by-keyboard' })
  await send(hub, { title: 'By mouse', dedup_key: 'by-mouse' })
  await page.goto('/alerts')
  await accessible(page)

  await line(page, 'By keyboard').focus()
  await page.keyboard.press('a')
  await expect(line(page, 'By keyboard').getByText('acknowledged')).toBeVisible()

  await line(page, 'By mouse').click()
  await expect(page).toHaveURL(/\/alerts\/alr_/)
  const drawer = page.getByRole('dialog', { name: 'Alert' })
  await expect(drawer.getByRole('heading', { name: 'By mouse' })).toBeVisible()
  await accessible(page)
  await drawer.getByRole('button', { name: 'Acknowledge' }).click()
  await expect(drawer.getByText('acknowledged', { exact: true })).toBeVisible()
  await drawer.getByRole('tab', { name: 'Timeline' }).click()
  await expect(drawer.getByText('Acknowledged', { exact: true })).toBeVisible()

  await page.keyboard.press('Escape')
  await expect(page).toHaveURL(/\/alerts$/)
  await expect(line(page, 'By mouse')).toBeFocused()
  await expect(line(page, 'By mouse').getByText('acknowledged')).toBeVisible()
})

test('j and k move, x chooses, Enter opens, and the address says what is shown', async ({ page, hub }) => {
  for (const n of [1, 2, 3]) await send(hub, { title: `Walk ${n}`, dedup_key: `walk-${n}` })
  await page.goto('/alerts?q=walk&severity=critical,high')
  await expect(line(page, 'Walk 3')).toBeVisible()
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await expect(line(page, 'Walk 2')).toBeFocused()
  await page.keyboard.press('x')
  await expect(page.getByText('1 alert selected')).toBeVisible()
  await page.keyboard.press('k')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Walk 3' })).toBeVisible()
  await page.keyboard.press('j')
  await expect(page.getByRole('heading', { name: 'Walk 2' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(line(page, 'Walk 2')).toBeFocused()
  expect(new URL(page.url()).search).toBe('?q=walk&severity=critical,high')

  const severity = page.getByRole('group', { name: 'Severity' })
  await severity.getByRole('checkbox', { name: /^high/ }).click()
  await expect(page).toHaveURL('/alerts?q=walk&severity=critical')
  await expect(page.getByRole('heading', { name: 'No alert matches' })).toBeVisible()
})

test('alerts that come are counted, and do not move the list', async ({ page, hub }) => {
  const id = await send(hub, { title: 'Here before', dedup_key: 'news-1', project: 'news' })
  await page.goto('/alerts?project=news')
  await expect(line(page, 'Here before')).toBeVisible()
  await expect(page.getByTestId('live')).toHaveText(/Live/)
  await send(hub, { title: 'Came later', dedup_key: 'news-2', project: 'news' })
  const pill = page.getByRole('button', { name: '1 new alert' })
  await expect(pill).toBeVisible()
  await expect(line(page, 'Came later')).toHaveCount(0)
  await call(hub, 'POST', `/api/v1/alerts/${id}/acknowledge`, {})
  await expect(line(page, 'Here before').getByText('acknowledged')).toBeVisible()
  await pill.click()
  await expect(line(page, 'Came later')).toBeVisible()
  await expect(pill).toHaveCount(0)
})

test('many are resolved at once, and the undo opens them again', async ({ page, hub }) => {
  for (const n of [1, 2, 3]) await send(hub, { title: `Heap ${n}`, dedup_key: `heap-${n}`, project: 'heap' })
  await page.goto('/alerts?project=heap')
  await expect(line(page, 'Heap 3')).toBeVisible()
  await page.getByRole('checkbox', { name: 'Select all loaded lines' }).check()
  await page
    .getByRole('toolbar', { name: 'Selected alerts' })
    .getByRole('button', { name: 'Resolve' })
    .click()
  const dialog = page.getByRole('dialog', { name: 'Resolve 3 alerts?' })
  await accessible(page)
  await dialog.getByLabel('Note (optional)').fill('A planned test')
  await dialog.getByRole('button', { name: 'Resolve' }).click()
  await expect(page.getByText('3 alerts resolved.')).toBeVisible()
  await expect(page.getByRole('grid', { name: 'Alerts' }).getByText('resolved')).toHaveCount(3)
  const resolved = () => call<{ items: unknown[] }>(hub, 'GET', '/api/v1/alerts?project=heap&status=resolved')
  expect((await resolved()).items).toHaveLength(3)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('Undone.')).toBeVisible()
  await expect(page.getByRole('grid', { name: 'Alerts' }).getByText('open', { exact: true })).toHaveCount(3)
  expect((await resolved()).items).toHaveLength(0)
})

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

test('choosing a line moves nothing', async ({ page, hub }) => {
  for (const n of [1, 2]) await send(hub, { title: `Still ${n}`, dedup_key: `still-${n}`, project: 'still' })
  await page.goto('/alerts?project=still')
  const second = page.getByRole('checkbox', { name: 'Select Still 1' })
  await expect(second).toBeVisible()
  const place = () => second.boundingBox()
  const before = await place()
  const search = page.getByLabel('Search in alerts')
  await page.getByRole('checkbox', { name: 'Select Still 2' }).check()
  await expect(page.getByRole('toolbar', { name: 'Selected alerts' })).toBeVisible()
  await expect(search).toBeHidden()
  expect(await place()).toEqual(before)
  await accessible(page)
  await page.getByRole('button', { name: 'Clear selection' }).click()
  await expect(search).toBeVisible()
  expect(await place()).toEqual(before)
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

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } })
  test('the queue is cards, filters are a drawer, and nothing overflows', async ({ page }) => {
    await page.goto('/alerts')
    await expect(page.getByRole('row').first()).toBeVisible()
    await accessible(page)
    const box = page.getByRole('row').nth(1).getByRole('checkbox')
    const before = await box.boundingBox()
    await page.getByRole('row').first().getByRole('checkbox').check()
    const bar = await page.getByRole('toolbar', { name: 'Selected alerts' }).boundingBox()
    expect(await box.boundingBox()).toEqual(before)
    // Nor does the bar lie over the cards.
    const list = await page.getByRole('grid', { name: 'Alerts' }).boundingBox()
    expect((bar?.y ?? 0) + (bar?.height ?? 0)).toBeLessThanOrEqual(list?.y ?? 0)
    await page.getByRole('button', { name: 'Clear selection' }).click()
    await page.getByRole('button', { name: 'Filters' }).click()
    const filters = page.getByRole('dialog', { name: 'Filters' })
    await filters.getByRole('checkbox', { name: /^critical/ }).click()
    await page.keyboard.press('Escape')
    await expect(page).toHaveURL(/severity=critical/)
    await page.getByRole('row').first().click()
    await expect(page.getByRole('dialog', { name: 'Alert' })).toBeVisible()
    await expect(page.getByRole('tab', { name: 'Overview' })).toBeVisible()
    await expect(page.getByRole('tab', { name: 'Raw' })).toBeInViewport({ ratio: 1 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
  })
})

test('a second value of a facet can be chosen, and a narrow window has the facets behind a button', async ({
  page,
  hub,
}) => {
  for (const severity of ['critical', 'low'])
    await send(hub, {
      title: `Facet ${severity}`,
      dedup_key: `facet-${severity}`,
      project: 'facets',
      severity,
    })
  await page.goto('/alerts?project=facets')
  const severities = page.getByRole('group', { name: 'Severity' })
  await severities.getByRole('checkbox', { name: 'critical, 1' }).click()
  await expect(line(page, 'Facet low')).toHaveCount(0)
  await severities.getByRole('checkbox', { name: 'low, 1' }).click()
  await expect(page).toHaveURL('/alerts?project=facets&severity=critical,low')
  await expect(line(page, 'Facet low')).toBeVisible()
  await expect(line(page, 'Facet critical')).toBeVisible()

  await page.setViewportSize({ width: 1100, height: 800 })
  await expect(severities).toBeHidden()
  await expect(page.getByRole('columnheader', { name: 'Assignee' })).toBeInViewport({ ratio: 1 })
  await page.getByRole('button', { name: 'Filters' }).click()
  await expect(
    page.getByRole('dialog', { name: 'Filters' }).getByRole('checkbox', { name: /^low/ }),
  ).toBeChecked()
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
