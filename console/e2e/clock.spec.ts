import { call } from './hub'
import { expect, test } from './test'

const hour = 3_600_000

interface Silence {
  reason: string
  ends_at: string
}

for (const [words, away] of [
  ['behind', -hour],
  ['ahead of', hour],
] as const) {
  test(`with a clock that is ${words} the hub's, times and silences go by the hub's`, async ({
    page,
    hub,
  }) => {
    await page.addInitScript((difference) => {
      const real = Date.now.bind(Date)
      Date.now = () => real() + difference
    }, away)
    await page.goto('/settings/silences?open=new')
    await expect(page.getByRole('status', { name: `60 minutes ${words} the hub’s` })).toBeVisible()
    const form = page.getByRole('dialog', { name: 'Create silence' })
    await form.getByLabel('Value of condition 1').fill('low')
    await form.getByRole('textbox', { name: 'Reason' }).fill(words)
    await form.getByRole('button', { name: 'Create silence' }).click()
    await expect(page.getByRole('row').filter({ hasText: words })).toContainText('in 2h')

    const { items } = await call<{ items: Silence[] }>(hub, 'GET', '/api/v1/silences')
    const made = items.find((each) => each.reason === words)
    expect(Math.abs(Date.parse(made?.ends_at ?? '') - Date.now() - 2 * hour)).toBeLessThan(60_000)
  })
}
