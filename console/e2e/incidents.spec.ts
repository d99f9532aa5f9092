import { writeFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { hostileAlert, markup, text, unseen } from './hostile'
import { call, type Hub } from './hub'
import { accessible, expect, test } from './test'

interface Made {
  id: string
}

const create = (hub: Hub, body: Record<string, unknown>) => call<Made>(hub, 'POST', '/api/v1/incidents', body)

test('an incident is opened, noted, taken, and closed with what it was', async ({ page, hub }) => {
  await page.goto('/incidents')
  await page.getByRole('row', { name: /INC-1/ }).click()
  await expect(page).toHaveURL(/\/incidents\/INC-1$/)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('related alerts')
  await accessible(page)
  await page.getByLabel('Note').fill('Talked to Alice: it was not her.')
  await page.getByRole('button', { name: 'Add note' }).click()
  await expect(page.getByText('Talked to Alice: it was not her.', { exact: true })).toBeVisible()
  await expect(page.getByLabel('Note')).toHaveValue('')

  // What is to be done first stands out: not that it is closed.
  await expect(page.getByRole('button', { name: 'Close…' })).toHaveAttribute('data-variant', 'default')
  await expect(page.getByRole('button', { name: 'Take it' })).toHaveAttribute('data-variant', 'filled')
  await expect(page.getByText('No other system keeps a ticket for it. Connect Jira at')).toBeVisible()
  await page.getByRole('button', { name: 'Take it' }).click()
  await expect(
    page.getByRole('heading', { level: 1 }).locator('..').getByText('active', { exact: true }),
  ).toBeVisible()
  await expect(page.getByRole('button', { name: 'Close…' })).toHaveAttribute('data-variant', 'filled')
  await page.getByRole('button', { name: 'Close…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Close INC-1' })
  await expect(dialog.getByRole('button', { name: 'Close incident' })).toBeDisabled()
  await accessible(page)
  await dialog.getByLabel('Classification').click()
  await page.getByRole('option', { name: /^True positive/ }).click()
  await dialog.getByLabel('Reason').fill('Password reset, sessions ended.')
  await expect(dialog.getByRole('checkbox', { name: 'Resolve its 3 open alerts, too' })).toBeChecked()
  await dialog.getByRole('button', { name: 'Close incident' }).click()
  await expect(page.getByText('True positive', { exact: true })).toBeVisible()
  await expect
    .poll(async () => {
      const { items } = await call<{ items: { status: string }[] }>(
        hub,
        'GET',
        '/api/v1/incidents/INC-1/alerts',
      )
      return items.map(({ status }) => status)
    })
    .toEqual(['resolved', 'resolved', 'resolved'])
  await page.getByRole('button', { name: 'Reopen' }).click()
  await expect(
    page.getByRole('heading', { level: 1 }).locator('..').getByText('active', { exact: true }),
  ).toBeVisible()
})

test('a note of somebody else stops nobody; what somebody else decided does', async ({ page, hub }) => {
  const { id } = await create(hub, { title: 'Two at once' })
  // Without the stream, the page does not hear of what others do.
  await page.route('**/api/v1/stream*', (route) => route.abort())
  await page.goto(`/incidents/${id}`)
  const take = page.getByRole('button', { name: 'Take it' })
  await expect(take).toBeVisible()
  await call(hub, 'POST', `/api/v1/incidents/${id}/notes`, { text: 'Seen by dana.' })
  await take.click()
  await expect(page.getByText('Seen by dana.', { exact: true })).toBeVisible()
  await expect(take).toHaveCount(0)
  await call(hub, 'PATCH', `/api/v1/incidents/${id}`, { owner: 'dana@example.com' })
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Set the severity to low' }).click()
  await expect(page.getByText(/Somebody else changed this incident/)).toBeVisible()
  await expect(page.getByText('dana@example.com', { exact: true }).first()).toBeVisible()
})

test('an incident is made of chosen alerts, and gets and loses others', async ({ page, hub }) => {
  for (const n of [1, 2, 3]) {
    const event = { type: 'alert.created', severity: 'high', title: `Case ${n}`, dedup_key: `case-${n}` }
    await call(hub, 'POST', '/api/v1/events', { ...event, project: 'case' })
  }
  await expect
    .poll(
      async () => (await call<{ items: unknown[] }>(hub, 'GET', '/api/v1/alerts?project=case')).items.length,
    )
    .toBe(3)
  await page.goto('/alerts?project=case')
  await page.getByRole('checkbox', { name: 'Select Case 1' }).check()
  await page.getByRole('checkbox', { name: 'Select Case 2' }).check()
  await page.getByRole('button', { name: 'Incident', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Add 2 alerts to an incident' })
  await dialog.getByLabel('Title').fill('A case of two')
  await accessible(page)
  await dialog.getByRole('button', { name: 'Create incident' }).click()
  await expect(page.getByText(/INC-\d+ created/)).toBeVisible()
  await page.goto('/incidents')
  await page.getByRole('row', { name: /A case of two/ }).click()
  const under = page.getByRole('button', { name: 'Remove “Case 1”' }).locator('..')
  await expect(under.getByRole('link', { name: 'Case 1' })).toBeVisible()
  const created = page.getByText(/^2 alerts added:/)
  await expect(created).toContainText('Case 1')
  await expect(created).toContainText('Case 2')
  await page.getByRole('button', { name: 'Remove “Case 1”' }).click()
  await expect(page.getByRole('link', { name: 'Case 1' })).toHaveCount(0)
  // What is not under it any more is told by its id.
  await expect(created).toContainText('…')
  await expect(created).toContainText('Case 2')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  // However many were found, what puts them under it is in sight.
  await page.setViewportSize({ width: 1280, height: 500 })
  await expect(page.getByRole('checkbox', { name: 'Case 3' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Add alerts' })).toBeInViewport({ ratio: 1 })
  await page.setViewportSize({ width: 1280, height: 720 })
  await page.getByLabel('Find alerts').fill('case')
  await page.keyboard.press('Enter')
  await page.getByRole('checkbox', { name: 'Case 3' }).check()
  await page.getByRole('button', { name: 'Add 1 alert' }).click()
  await expect(page.getByRole('button', { name: 'Remove “Case 3”' })).toBeVisible()
})

test('files are attached, saved and deleted, and one that is too large is refused with the limit', async ({
  page,
  hub,
}, info) => {
  const { id } = await create(hub, { title: 'With files' })
  await page.goto(`/incidents/${id}`)
  const small = info.outputPath('mail.eml')
  await writeFile(small, 'Subject: <script>window.hit=1</script>')
  const choose = async (file: string) => {
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Attach a file' }).click()
    await (await chooser).setFiles(file)
  }
  await choose(small)
  await expect(page.getByText('mail.eml is attached.')).toBeVisible()
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download mail.eml' }).click()
  expect((await saved).suggestedFilename()).toBe('mail.eml')

  const large = info.outputPath('large.bin')
  await writeFile(large, Buffer.alloc(11 * 1024 * 1024))
  await choose(large)
  await expect(page.getByText('Attaching large.bin did not work')).toBeVisible()
  await expect(page.getByText(/larger than/)).toBeVisible()

  await page.getByRole('button', { name: 'Delete mail.eml' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('No file is attached.')).toBeVisible()
})

test('a rule is tried, made, turned off and deleted', async ({ page }) => {
  await page.goto('/incidents/rules')
  await expect(page.getByText('demo: related alerts')).toBeVisible()
  await accessible(page)
  await page.getByRole('button', { name: 'Create rule' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create incident rule' })
  await dialog.getByLabel('Name').fill('Two of one project')
  await dialog.getByLabel('Within').fill('soon')
  await dialog.getByRole('button', { name: /Try it/ }).click()
  await expect(dialog.getByRole('alert')).toBeVisible()
  await dialog.getByLabel('Within').fill('24h')
  await dialog.getByLabel('Number of alerts').fill('2')
  await dialog.getByRole('button', { name: /Try it/ }).click()
  await expect(dialog.getByRole('status')).toContainText('would have created')
  await accessible(page)
  await dialog.getByRole('button', { name: 'Create rule' }).click()
  await expect(page.getByText('2 alerts within 24h that share an entity')).toBeVisible()
  await page.getByRole('switch', { name: 'Rule Two of one project is on' }).click({ force: true })
  await expect(page.getByText('off', { exact: true })).toBeVisible()
  await page.getByRole('button', { name: 'Delete Two of one project' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('Two of one project')).toHaveCount(0)
})

/** untouched says that nothing of a hostile text was run, became an element, a link, or was left out. */
async function untouched(page: Page) {
  expect(await page.evaluate(() => (window as { hit?: string }).hit)).toBeUndefined()
  expect(await page.locator('img[src="x"], svg[onload], #main script').count()).toBe(0)
  expect(await page.locator('a[href^="javascript:" i]').count()).toBe(0)
  const shown = (await page.locator('body').textContent()) ?? ''
  // Only which one it is: the page itself would be a long message.
  expect([...unseen.replace('[31m', '')].filter((character) => shown.includes(character))).toEqual([])
}

test('hostile text in every field is text in list, drawer and incident', async ({ page, hub }) => {
  await call(hub, 'POST', '/api/v1/events', hostileAlert('hostile-1'))
  let id = ''
  await expect
    .poll(async () => {
      const list = await call<{ items: Made[] }>(hub, 'GET', '/api/v1/alerts?dedup_key=hostile-1')
      id = list.items[0]?.id ?? ''
      return id
    })
    .not.toBe('')
  await call(hub, 'POST', `/api/v1/alerts/${id}/note`, { text: text('note') })

  await page.goto('/alerts?severity=critical')
  const row = page.getByRole('row', { name: /^title/ })
  await expect(row).toContainText('<script>window.hit=')
  await expect(row).toContainText('⟨202E⟩')
  await untouched(page)
  await row.click()
  const drawer = page.getByRole('dialog', { name: 'Alert' })
  await expect(drawer.getByRole('heading', { level: 2 })).toContainText("window.hit='title'")
  for (const place of ['description', 'rulename', 'actor', 'entity', 'tag', 'label', 'city', 'network'])
    await expect(drawer).toContainText(`window.hit='${place}'`)
  await expect(drawer).toContainText("javascript:window.hit='url'")
  await untouched(page)
  for (const tab of ['Timeline', 'Related', 'Deliveries', 'Raw']) {
    await drawer.getByRole('tab', { name: tab }).click()
    if (tab === 'Timeline') await expect(drawer).toContainText("window.hit='note'")
    if (tab === 'Raw') await expect(drawer.getByRole('region').first()).toContainText('window.hit')
    await untouched(page)
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
  await drawer.getByRole('button', { name: 'Block IP' }).click()
  await expect(page.getByRole('dialog', { name: 'Block an address' }).getByLabel('Reason')).toBeVisible()
  await untouched(page)

  const incident = await create(hub, {
    // What cannot be seen is refused here; markup is not.
    title: markup('incident'),
    description: markup('story'),
    tags: [markup('itag').slice(0, 90)],
    alerts: [id],
  })
  await call(hub, 'POST', `/api/v1/incidents/${incident.id}/notes`, { text: markup('inote') })
  await page.goto('/incidents')
  await expect(page.getByRole('row', { name: new RegExp(incident.id) })).toContainText('window.hit')
  await untouched(page)
  await page.goto(`/incidents/${incident.id}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText("window.hit='incident'")
  for (const place of ['story', 'inote', 'title'])
    await expect(page.locator('#main')).toContainText(`window.hit='${place}'`)
  await untouched(page)
  await accessible(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
})
