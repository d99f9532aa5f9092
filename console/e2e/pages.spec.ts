import { pages } from './pages'
import { accessible, expect, test } from './test'
import { addressOf, things } from './things'

// Every page, as it is after "make run": it loads, complains of nothing, has a heading, and axe finds nothing serious.
for (const [name, path] of Object.entries(pages)) {
  test(`the page ${name}`, async ({ page, hub }) => {
    await page.goto(addressOf(path, await things(hub)))
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0)
    await expect(page.getByText('Something went wrong in this page')).toHaveCount(0)
    const { scrollWidth, clientWidth } = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      return { scrollWidth, clientWidth }
    })
    expect(scrollWidth, 'nothing sticks out sideways').toBeLessThanOrEqual(clientWidth)
    await accessible(page)
  })
}
