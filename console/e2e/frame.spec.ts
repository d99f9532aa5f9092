import type { Page } from '@playwright/test'
import { accessible, expect, test } from './test'

const navigation = (page: Page) => page.getByRole('navigation', { name: 'Pages' })

test('a page that cannot be loaded leaves the frame, and is there when the hub is', async ({ page }) => {
  await page.goto('/docs')
  await expect(page.getByRole('heading', { name: 'Docs', level: 1 })).toBeVisible()
  await page.route('**/console/assets/**', (route) => route.abort())
  await navigation(page).getByRole('link', { name: 'Alerts' }).click()
  await expect(page.getByRole('alert')).toContainText('This part of the console could not be loaded')
  await expect(page).toHaveURL(/\/alerts$/)
  await expect(navigation(page)).toBeVisible()
  await accessible(page)
  await page.unroute('**/console/assets/**')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(
    page.getByRole('grid', { name: 'Alerts' }).or(page.getByRole('table', { name: 'Alerts' })),
  ).toBeVisible()
  await page.route('**/console/assets/**', (route) => route.abort())
  await page.getByRole('row').nth(1).click()
  await expect(page.getByText('This part of the console could not be loaded')).toBeVisible()
  await page.unroute('**/console/assets/**')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
})

test('a hub that was upgraded gives its own pages', async ({ page }) => {
  await page.goto('/docs')
  await expect(page.getByRole('heading', { name: 'Docs', level: 1 })).toBeVisible()
  await page.evaluate(() => Object.assign(window, { before: true }))
  // As after an upgrade: what this page is made of is gone, and the page that is served begins with something else.
  let gone = true
  await page.route('**/console/assets/**', (route) =>
    gone ? route.fulfill({ status: 404 }) : route.continue(),
  )
  await page.route(
    (url) => url.pathname === '/',
    (route) => {
      gone = false
      return route.fulfill({
        contentType: 'text/html',
        body: '<script src="/console/assets/index-next.js"></script>',
      })
    },
  )
  await navigation(page).getByRole('link', { name: 'Incidents' }).click()
  await expect(page.getByRole('heading', { name: 'Incidents', level: 1 })).toBeVisible()
  await expect(page).toHaveURL(/\/incidents$/)
  expect(await page.evaluate(() => 'before' in window)).toBe(false)
})
