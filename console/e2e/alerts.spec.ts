import { line, send } from './alert'
import { call } from './hub'
import { accessible, expect, test } from './test'

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
