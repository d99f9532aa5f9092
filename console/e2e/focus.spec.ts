import { call } from './hub'
import { accessible, expect, test } from './test'

test('the menu of the account and the search can be used by whoever hears them', async ({ page }) => {
  await page.goto('/settings/projects')
  await page.getByRole('button', { name: /^Account menu/ }).click()
  const dark = page.getByRole('menuitemradio', { name: 'Dark' })
  await dark.click()
  await expect(dark).toBeChecked()
  await accessible(page)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Search or go to' }).click()
  const search = page.getByRole('dialog', { name: 'Search or go to' })
  await search.getByRole('textbox', { name: 'Search' }).fill('10.0.0.1')
  await page.keyboard.press('ArrowDown')
  await accessible(page)
})

test('a question from a menu gives the focus back, or to the next line', async ({ page, hub }) => {
  for (const value of ['low', 'info']) {
    await call(hub, 'POST', '/api/v1/silences', {
      matchers: [{ field: 'severity', op: '=', value }],
      ends_at: new Date(Date.now() + 3_600_000).toISOString(),
    })
  }
  await page.goto('/settings/silences')
  await expect(page.getByRole('row').nth(2)).toBeVisible()
  const lines = await page.getByRole('row').count()
  const menu = page
    .getByRole('row')
    .nth(1)
    .getByRole('button', { name: /^Actions for/ })
  await menu.press('Enter')
  await page.getByRole('menuitem', { name: /End/ }).press('Enter')
  const question = page.getByRole('dialog', { name: 'End the silence now?' })
  await expect(question.getByRole('button', { name: 'Cancel' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(question).toBeHidden()
  await expect(menu).toBeFocused()

  await menu.press('Enter')
  await page.getByRole('menuitem', { name: /End/ }).press('Enter')
  await question.getByRole('button', { name: 'End it' }).click()
  await expect(question).toBeHidden()
  await expect(page.getByRole('row')).toHaveCount(lines - 1)
  await expect(page.getByRole('row').nth(1)).toBeFocused()
})
