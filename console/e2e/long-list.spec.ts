import { manyAlerts } from './manyAlerts'
import { expect, test } from './test'

const total = 1_000_000
/** perPage makes the list long in few pages. */
const perPage = 1_000
const pages = 130

interface Seen {
  /** at is how far the list is scrolled, counted in its own lines; in pixels. */
  at: number
  /** strange are lines that are not what belongs at their place. */
  strange: string[]
  last: number
}

test('a list keeps its place however long it is, and reads again what it has dropped', async ({ page }) => {
  test.slow()
  const asked = await manyAlerts(page, total, perPage)
  await page.goto('/alerts')
  const line = page.locator('[role="row"][data-index]')
  await expect(line.first()).toBeVisible()
  // What is seen of the list, two frames after it was scrolled by so many pixels.
  const scroll = (by: number) =>
    page.evaluate(
      (by) =>
        new Promise<Seen>((resolve) => {
          const grid = document.querySelector('[role="grid"]')
          const box = grid?.parentElement
          if (!grid || !box) throw new Error('there is no table')
          box.scrollTop += by
          const look = () => {
            const top = box.getBoundingClientRect().top
            const lines = [...grid.querySelectorAll<HTMLElement>('[role="rowgroup"] > [aria-rowindex]')].map(
              (each) => ({
                index: Number(each.getAttribute('aria-rowindex')) - 2,
                top: each.getBoundingClientRect().top - top,
                height: each.offsetHeight,
                text: each.textContent ?? '',
              }),
            )
            const first = lines[0] ?? { index: -1, top: 0, height: 0 }
            resolve({
              at: first.index * first.height - first.top,
              strange: lines
                .filter(({ index, text }) => text !== '' && !text.includes(`(${index})`))
                .map(({ index, text }) => `${index}: ${text}`),
              last: Math.max(...lines.map(({ index }) => index)),
            })
          }
          requestAnimationFrame(() => requestAnimationFrame(look))
        }),
      by,
    )

  await expect
    .poll(async () => (await scroll(1e9)).last, { intervals: [10], timeout: 120_000 })
    .toBeGreaterThanOrEqual(pages * perPage - 1)
  const read = asked.pages
  let { at } = await scroll(0)
  expect(at).toBeGreaterThan((pages - 1) * perPage * 56)
  // Up over more than one stretch that is laid out at once.
  const step = 50_000
  for (let n = 0; n < 60; n++) {
    const seen = await scroll(-step)
    expect(seen.strange).toEqual([])
    expect(Math.abs(at - step - seen.at), `after ${n} steps up from ${at}`).toBeLessThanOrEqual(1)
    at = seen.at
  }
  await expect(page.getByRole('row', { name: 'Loading' })).toHaveCount(0)
  expect(asked.pages, 'pages that were read again').toBeGreaterThan(read)

  await line.first().focus()
  await page.keyboard.press('Home')
  await expect(page.locator('[data-index="0"]')).toBeFocused()
  await expect(page.locator('[data-index="0"]')).toContainText('(0)')
  await page.keyboard.press('End')
  await expect(line.last()).toContainText(/\(1[23]\d{4}\)/)
})
