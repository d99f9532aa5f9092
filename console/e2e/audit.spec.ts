import { readFile } from 'node:fs/promises'
import { call } from './hub'
import type { Receiver } from './receiver'
import { hook, refusing } from './refusing'
import { accessible, expect, test } from './test'

let receiver: Receiver | undefined

test.afterEach(async () => {
  await receiver?.close()
  receiver = undefined
})

test('an act stands in the record: who, from where, on what, and what changed', async ({ page, hub }) => {
  receiver = await refusing(200, '')
  const name = 'Audited <img src=x onerror="document.title=3">hook'
  const id = await hook(hub, name, receiver, 'custom.audited')
  await call(hub, 'PATCH', `/api/v1/integrations/${id}`, { owner: 'soc@example.com' })

  await page.goto(`/audit?target=${id}`)
  await accessible(page)
  const change = page.getByRole('row', { name: /integration\.update/ })
  await expect(change).toContainText('first administrator')
  await expect(change).toContainText('127.0.0.1')
  await expect(change).toContainText('ok')
  await change.getByText('integration.update').click()
  await expect(page).toHaveURL(/\/audit\/\d+\?.*at=/)
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByRole('row', { name: /owner/ })).toContainText('soc@example.com')
  await accessible(page)

  // The address leads to the entry also where no list has read it, and closing leads back to the filtered list.
  await page.reload()
  await expect(drawer.getByRole('row', { name: /owner/ })).toContainText('soc@example.com')
  await page.keyboard.press('Escape')
  await expect(page).toHaveURL(new RegExp(`/audit\\?target=${id}$`))

  await page
    .getByRole('row', { name: /integration\.create/ })
    .getByText('integration.create')
    .click()
  await expect(drawer.getByRole('row', { name: /^name/ })).toContainText('<img src=x')
  expect(await page.locator('img[src="x"]').count()).toBe(0)
  await drawer.getByRole('link', { name: 'all by this actor' }).click()
  await expect(page).toHaveURL(/actor=key_/)
})

test('the record is filtered by action', async ({ page }) => {
  await page.goto('/audit')
  await page.getByRole('combobox', { name: 'Action' }).click()
  await page.getByRole('option', { name: 'Never-block list' }).click()
  await expect(page).toHaveURL(/action=never_block/)
  await expect(page.getByRole('row', { name: /never_block\.create/ }).first()).toBeVisible()
  await expect(page.getByRole('row', { name: /integration\.create/ })).toHaveCount(0)
  await page.getByRole('combobox', { name: 'Action' }).fill('nothing.at_all')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'No act matches' })).toBeVisible()
  await accessible(page)
})

test('the chain is verified, and a checkpoint is there to keep', async ({ page }) => {
  await page.goto('/audit')
  await page.getByRole('button', { name: 'Verify the chain' }).click()
  const dialog = page.getByRole('dialog', { name: 'Verify the chain' })
  await expect(dialog.getByText('The record is intact')).toBeVisible()
  await expect(dialog.getByText(/\d+ entries, number 1 to \d+/)).toBeVisible()
  await expect(dialog.getByText(/tocsin-audit-checkpoint v1 installation=/)).toBeVisible()
  await expect(dialog.getByRole('button', { name: 'Copy the checkpoint' })).toBeVisible()
  await accessible(page)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Read the newest acts' }).click()
  await expect(page.getByRole('row', { name: /audit\.verify by/ }).first()).toBeVisible()
})

test('a broken chain is shown plainly', async ({ page }) => {
  const problem = { sequence: 1_042, reason: 'entry 1042 does not fit its hash' }
  await page.route('**/api/v1/audit/verify', (route) =>
    route.fulfill({
      json: {
        ok: false,
        complete: true,
        entries: 2_000,
        first: 1,
        last: 2_000,
        problem,
        problems: [problem],
        more: 3,
      },
    }),
  )
  await page.goto('/audit')
  await page.getByRole('button', { name: 'Verify the chain' }).click()
  const broken = page.getByRole('alert')
  await expect(broken).toContainText('The chain is broken at entry 1,042')
  await expect(broken).toContainText('entry 1042 does not fit its hash')
  await expect(broken).toContainText('and 3 more')
  await accessible(page)
})

test('the record is exported as a file', async ({ page }) => {
  await page.goto('/audit')
  await page.getByRole('button', { name: 'Export' }).click()
  const dialog = page.getByRole('dialog', { name: 'Export the record' })
  await expect(dialog).toBeVisible()
  await accessible(page)
  const download = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Export: Any time' }).click()
  const file = await download
  expect(file.suggestedFilename()).toMatch(/^tocsin-audit-\d{4}-\d\d-\d\d\.ndjson$/)
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n')
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.at(-1)).toContain('tocsin-audit-checkpoint')
  await expect(dialog).toBeHidden()
})

test.describe('on a small screen', () => {
  test.use({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })

  test('the record fits', async ({ page }) => {
    await page.goto('/audit')
    const row = page.getByRole('row', { name: /integration\.create/ }).first()
    await expect(row).toBeVisible()
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
    expect(await wide()).toBe(false)
    await accessible(page)
    await row.getByText('integration.create').click()
    await expect(page.getByRole('dialog').getByText('Values', { exact: true })).toBeVisible()
    expect(await wide()).toBe(false)
    await accessible(page)
  })
})
