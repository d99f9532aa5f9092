import { accessible, expect, test } from './test'

test('a connector’s guide opens by its address, with its settings as a table', async ({ page }) => {
  await page.goto('/docs/connectors/slack')
  await expect(page.getByRole('heading', { name: 'Slack', exact: true })).toBeVisible()
  await expect(page.getByRole('row', { name: /bot_token Bot token/ })).toBeVisible()
  await expect(page.getByText('<!--')).toHaveCount(0)
  await accessible(page)
  await page.getByRole('link', { name: 'Jira' }).click()
  await expect(page.getByRole('heading', { name: 'Jira', exact: true })).toBeVisible()
  await page.getByRole('textbox', { name: 'Search in connectors' }).fill('nothing like it')
  await expect(page.getByRole('heading', { name: 'Nothing is called so' })).toBeVisible()
})

test('the event catalogue has a sample of each type, which can be sent', async ({ page }) => {
  await page.goto('/docs/events/alert.created')
  await expect(page.getByRole('region', { name: 'A sample' })).toContainText('"type": "alert.created"')
  await accessible(page)
  await page.getByRole('button', { name: 'Send this sample' }).click()
  const dialog = page.getByRole('dialog', { name: 'Send a sample event' })
  await expect(dialog.getByRole('combobox', { name: 'Event type' })).toHaveValue('alert.created')
  await dialog.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(dialog.getByTestId('delivery').first()).toBeVisible()
})

test('links in the handbook lead to its other pages', async ({ page }) => {
  await page.goto('/docs')
  await accessible(page)
  await page.getByRole('link', { name: /^Expressions/ }).click()
  await expect(page.getByRole('heading', { name: 'Expressions', exact: true })).toBeVisible()
  await page.getByRole('article').getByRole('link', { name: 'stream' }).first().click()
  await expect(page).toHaveURL(/\/docs\/handbook\/stream$/)
  await expect(page.getByRole('heading', { name: 'Watching live' })).toBeVisible()
})

test('alert types and techniques are listed', async ({ page }) => {
  await page.goto('/docs/alert-types')
  await expect(page.getByRole('link', { name: 'account_takeover', exact: true })).toBeVisible()
  await accessible(page)
  await page.goto('/docs/attack')
  await page.getByRole('textbox', { name: 'Search in techniques' }).fill('T1078.004')
  await expect(page.getByRole('link', { name: /T1078.004 Cloud Accounts/ }).first()).toBeVisible()
  await accessible(page)
})
