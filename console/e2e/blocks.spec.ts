import type { Page } from '@playwright/test'
import { call, type Hub } from './hub'
import { accessible, expect, test } from './test'

// Each looks at several pages and dialogs with axe, which takes its time.
test.slow()

const row = (page: Page, target: string) => page.getByRole('row', { name: `Block of ${target}`, exact: true })

/** undo takes back what a notice tells of. */
const undo = (page: Page, said: RegExp) =>
  page.getByRole('alert').filter({ hasText: said }).getByRole('button', { name: 'Undo' }).click()

/** ask makes a block over the API, as the administrator's key: somebody other than the signed-in owner. */
const ask = (hub: Hub, target: string, reason: string) =>
  call<{ id: string; state: string }>(hub, 'POST', '/api/v1/blocks', { target, reason, ttl: '1h' })

test('an address is planned, blocked, verified, changed and unblocked', async ({ page }) => {
  await page.goto('/blocks')
  await page.getByRole('button', { name: 'Block an address' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Address or range').fill('203.0.113.199')
  await dialog.getByLabel('Reason').fill('Seen at the gate')
  await dialog.getByRole('button', { name: 'Dry run' }).click()
  const plan = dialog.getByRole('region', { name: 'Dry run' })
  await expect(plan).toContainText('This would be blocked')
  await expect(plan).toContainText('edge-firewall')
  await plan.getByRole('button', { name: /POST/ }).click()
  await expect(plan).toContainText('203.0.113.199/32') // the exact body
  await accessible(page)
  // A dry run changes nothing.
  expect(
    await page.evaluate(() => fetch('/api/v1/blocks?target=203.0.113.199').then((r) => r.json())),
  ).toEqual(expect.objectContaining({ items: [] }))
  await dialog.getByRole('button', { name: 'Block 203.0.113.199' }).click()
  await expect(dialog).toContainText('verified everywhere')
  await accessible(page)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await expect(row(page, '203.0.113.199')).toContainText('verified')

  await page.getByRole('link', { name: '203.0.113.199' }).click()
  await expect(page).toHaveURL(/\/blocks\/blk_/)
  const history = page
    .getByRole('region', { name: 'History' })
    .or(page.locator('section', { hasText: 'History' }))
  await expect(history.last()).toContainText('verified at edge-firewall')
  await accessible(page)

  await page.getByRole('button', { name: 'Edit' }).click()
  await dialog.getByRole('combobox', { name: 'From now on' }).click()
  await page.getByRole('option', { name: '7 days' }).click()
  await accessible(page)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByText('in 7d').first()).toBeVisible()

  await page.getByRole('button', { name: 'Unblock' }).click()
  await dialog.getByLabel('Why (for the record)').fill('It was a customer')
  await accessible(page)
  await dialog.getByRole('button', { name: 'Unblock' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('removed')
  await expect(history.last()).toContainText('It was a customer')
  // Undo asks for it again.
  await undo(page, /no longer blocked/)
  await expect(page.getByText('Undone.')).toBeVisible()
  await page.goto('/blocks')
  await expect(row(page, '203.0.113.199')).toContainText('verified')
})

test('what is never blocked is refused, and says why and what to do', async ({ page }) => {
  await page.goto('/blocks?plan=198.51.100.7')
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByLabel('Address or range')).toHaveValue('198.51.100.7')
  await dialog.getByRole('button', { name: 'Dry run' }).click()
  const plan = dialog.getByRole('region', { name: 'Dry run' })
  await expect(plan).toContainText('This would be refused')
  await expect(plan).toContainText("the office's way out")
  await expect(plan).toContainText('No approval gets around this')
  await expect(dialog.getByRole('button', { name: /^Block 198/ })).toHaveCount(0)
  await accessible(page)
  await plan.getByRole('link', { name: 'Never-block list' }).click()
  await page.getByLabel('Check an address').fill('198.51.100.7')
  await page.getByRole('button', { name: 'Is it exempt?' }).click()
  await expect(page).toHaveURL(/check=198\.51\.100\.7/)
  await expect(page.getByText('198.51.100.7 is exempt')).toBeVisible()
  await accessible(page)
  await page.getByRole('textbox', { name: 'Search in the list' }).fill('cloudflare')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/q=cloudflare/)
  const entries = page.getByRole('grid', { name: 'Never-block list' })
  await expect(entries.getByText('built in: Cloudflare').first()).toBeVisible()
  await expect(entries.getByText('built in: special range')).toHaveCount(0)
  await expect(page.getByRole('status').filter({ hasText: /^\d+ of \d+$/ })).toBeVisible()
  await page.getByRole('textbox', { name: 'Search in the list' }).fill('no such entry')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'No entry matches' })).toBeVisible()
})

test('a range is exempted after a dry run, ends what it touches, and is taken away again', async ({
  page,
  hub,
}) => {
  await ask(hub, '203.0.113.41', 'Scanner')
  await page.goto('/blocks/never-block')
  await page.getByRole('button', { name: 'Add range' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Address or range').fill('203.0.113.40/31')
  await dialog.getByLabel('Reason').fill('A partner')
  await dialog.getByRole('button', { name: 'Dry run' }).click()
  await expect(dialog).toContainText('this would end 1 block')
  await expect(dialog).toContainText('203.0.113.41')
  await accessible(page)
  await dialog.getByRole('button', { name: 'Add range' }).click()
  const entry = page.getByRole('row', { name: '203.0.113.40/31' })
  await expect(entry).toContainText('A partner')
  await entry.getByRole('button', { name: /Remove 203/ }).click()
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click()
  await expect(entry).toHaveCount(0)
  await undo(page, /may be blocked again/)
  await expect(entry).toContainText('A partner')
})

test('the kill switch stops blocks, says so everywhere, and is turned off', async ({ page, hub }) => {
  await page.goto('/blocks/policy')
  const section = page.getByRole('region', { name: 'Kill switch' })
  await expect(section).toContainText('is off')
  await section.getByRole('button', { name: 'Turn it on' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('It does not:')
  await expect(dialog.getByRole('button', { name: 'Stop all blocking' })).toBeDisabled()
  await dialog.getByLabel('Why').fill('The new rule blocks customers')
  await accessible(page)
  await dialog.getByRole('button', { name: 'Stop all blocking' }).click()
  await expect(section).toContainText('The kill switch is on')
  await accessible(page)
  await expect(ask(hub, '203.0.113.61', 'x')).rejects.toThrow(/kill switch/)
  await page.goto('/blocks')
  await expect(page.getByText('The new rule blocks customers')).toBeVisible()
  await page.getByRole('link', { name: 'Go to the kill switch' }).click()
  await section.getByRole('button', { name: 'Turn it off' }).click()
  await dialog.getByRole('button', { name: 'Turn it off' }).click()
  await expect(section).toContainText('is off')
  expect((await ask(hub, '203.0.113.61', 'x')).state).toBe('active')
})

test('a second person approves what waits; nobody approves their own', async ({ page, hub }) => {
  const theirs = await ask(hub, '203.0.113.208/28', 'Scanner network')
  expect(theirs.state).toBe('pending_approval')
  await page.goto('/blocks?view=pending')
  await expect(row(page, '203.0.113.208/28')).toContainText('waits for approval')
  await accessible(page)
  await page.goto(`/blocks/${theirs.id}`)
  await expect(page.getByText('This waits for a second person')).toBeVisible()
  await accessible(page)
  await page.getByRole('button', { name: 'Approve' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Approve' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('active')
  await expect(page.getByText('verified', { exact: true }).first()).toBeVisible()

  // The owner's own request: the page says that somebody else has to.
  await page.goto('/blocks?plan=203.0.113.224%2F28')
  await dialog.getByRole('button', { name: 'Dry run' }).click()
  await expect(dialog).toContainText('somebody')
  await dialog.getByRole('button', { name: 'Ask for approval' }).click()
  await dialog.getByRole('link', { name: 'Open the block' }).click()
  await expect(page.getByText('You requested it')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Approve' })).toBeDisabled()
  // The list does not know whose it is: the hub says no, and the console says why.
  await page.goto('/blocks?view=pending')
  await page.getByLabel('Select Block of 203.0.113.224/28').check()
  await page.getByRole('button', { name: 'Approve 1' }).click()
  await accessible(page)
  await dialog.getByRole('button', { name: 'Approve', exact: true }).click()
  await expect(dialog.getByRole('alert')).toContainText('ask a colleague')
})

test('several are rejected and unblocked at once', async ({ page, hub }) => {
  await ask(hub, '192.0.2.128/28', 'Proxy network')
  await ask(hub, '192.0.2.51', 'Scanner')
  await page.goto('/blocks?q=192.0.2.128/25')
  await page.getByLabel('Select Block of 192.0.2.128/28').check()
  await page.getByRole('button', { name: 'Reject 1' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Why').fill('It is ours')
  await dialog.getByRole('button', { name: 'Reject', exact: true }).click()
  await expect(dialog).toBeHidden()
  await page.goto('/blocks?view=ended')
  await expect(row(page, '192.0.2.128/28')).toContainText('rejected')

  await page.goto('/blocks')
  await page.getByLabel('Select Block of 192.0.2.51').check()
  await page.getByRole('button', { name: 'Unblock 1' }).click()
  await dialog.getByRole('button', { name: 'Unblock', exact: true }).click()
  await expect(row(page, '192.0.2.51')).toHaveCount(0)
})

test('a list is imported line by line, exported, and undone', async ({ page }) => {
  await page.goto('/blocks')
  const menu = page.getByRole('button', { name: 'Export, import, undo' })
  await menu.click()
  await page.getByRole('menuitem', { name: 'Import a list…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog
    .getByLabel('List', { exact: true })
    .fill('203.0.113.90\n198.51.100.9\nnonsense\n203.0.113.91,2h,Mine')
  await dialog.getByLabel('Reason of lines without one').fill('From the feed')
  await dialog.getByRole('button', { name: 'Dry run' }).click()
  const dry = dialog.getByRole('region', { name: 'Dry run' })
  await expect(dry).toContainText('2 would be requested')
  await expect(dry).toContainText('is neither an address')
  await accessible(page)
  await dialog.getByRole('button', { name: 'Import 2 blocks' }).click()
  await expect(dialog.getByRole('region', { name: 'Result' })).toContainText('2 blocked')
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await expect(row(page, '203.0.113.90')).toContainText('From the feed')

  const download = page.waitForEvent('download')
  await menu.click()
  await page.getByRole('menuitem', { name: 'As CSV' }).click()
  const file = await (await download).createReadStream()
  let text = ''
  for await (const part of file) text += String(part)
  expect(text).toContain('203.0.113.91')

  await menu.click()
  await page.getByRole('menuitem', { name: 'Undo the newest blocks…' }).click()
  await dialog.getByLabel('How many').fill('2')
  await dialog.getByRole('button', { name: 'Show which' }).click()
  await expect(dialog).toContainText('2 blocks would end')
  await accessible(page)
  await dialog.getByRole('button', { name: 'End 2 blocks' }).click()
  await expect(row(page, '203.0.113.90')).toHaveCount(0)
})

test('a rule is made after a trial, and made live after a question', async ({ page }) => {
  await page.goto('/blocks/rules')
  await expect(page.getByRole('row', { name: 'demo: password spraying' })).toContainText('1 would be blocked')
  await accessible(page)
  await page.getByRole('button', { name: 'Create rule' }).click()
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByRole('button', { name: 'Create rule in shadow mode' })).toBeInViewport({
    ratio: 1,
  })
  await drawer.getByLabel('Name').fill('Scanners')
  await drawer.getByRole('button', { name: 'Try on the newest events' }).click()
  await expect(drawer.getByRole('region', { name: 'Trial' })).toContainText('It would have')
  await accessible(page)
  await drawer.getByLabel('And only where').fill('this is no expression (')
  await drawer.getByRole('button', { name: 'Create rule in shadow mode' }).click()
  await expect(drawer.getByLabel('And only where')).toHaveAttribute('aria-invalid', 'true')
  await drawer.getByLabel('And only where').fill('')
  await drawer.getByRole('button', { name: 'Create rule in shadow mode' }).click()
  await expect(page).toHaveURL(/\/blocks\/rules\/rsr_/)
  await expect(page.getByText('In shadow mode.')).toBeVisible()
  await accessible(page)
  await page.getByRole('button', { name: 'Propose' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('each waits for a person')
  await dialog.getByRole('button', { name: 'Let it propose' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('live: proposes')
})

test('the policy is changed, and is refused where it contradicts itself', async ({ page }) => {
  await page.goto('/blocks/policy')
  await page.getByLabel('If the request does not say').fill('2h')
  await page.getByLabel('At most', { exact: true }).fill('1h')
  await page.getByRole('button', { name: 'Save the policy' }).click()
  await expect(page.getByLabel('If the request does not say')).toHaveAttribute('aria-invalid', 'true')
  await page.getByLabel('At most', { exact: true }).fill('720h')
  await accessible(page)
  await page.getByRole('button', { name: 'Save the policy' }).click()
  await expect(page.getByText('The policy is changed')).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('At most', { exact: true })).toHaveValue('720h')
})

test('responders say how full they are, and are reconciled', async ({ page }) => {
  await page.goto('/blocks/responders')
  const card = page.locator('section', { hasText: 'edge-firewall' })
  await expect(card).toContainText('in sync')
  await expect(card).toContainText('of 1,000 entries used')
  await accessible(page)
  await card.getByRole('button', { name: 'Reconcile now' }).click()
  await expect(page.getByText('was read and put right')).toBeVisible()
})

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`on a small screen, ${colorScheme}`, () => {
    test.use({ viewport: { width: 390, height: 844 }, colorScheme })
    test('nothing overflows, and axe finds nothing', async ({ page }) => {
      for (const path of ['', '/responders', '/never-block', '/rules', '/policy']) {
        await page.goto(`/blocks${path}`)
        await expect(page.getByRole('navigation', { name: 'Parts of blocks' })).toBeVisible()
        await expect(page.locator('[aria-busy="true"]')).toHaveCount(0)
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        expect(over, `${path} is wider than the screen`).toBeLessThanOrEqual(0)
        await accessible(page)
      }
    })
  })
}
