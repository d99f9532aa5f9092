import { call, owner, startHub } from './hub'
import { accessible, expect, test } from './test'

test('a stranger is asked to sign in, and comes back to the page they wanted', async ({
  stranger: page,
  state,
}) => {
  expect(state).toBeTruthy() // the owner is there
  await page.goto('/alerts')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await accessible(page)
  await page.getByLabel('E-mail address').fill(owner.email)
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  await page.getByRole('textbox', { name: 'Password' }).fill(owner.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(/\/alerts$/)
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible()
})

test('the page refuses frames, inline scripts and text as HTML', async ({ page }) => {
  const answer = await page.goto('/')
  const policy = answer?.headers()['content-security-policy'] ?? ''
  expect(policy).toContain("script-src 'self'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('unsafe')
  const refused = await page.evaluate(() => {
    try {
      document.createElement('div').innerHTML = '<img src=x>'
      return false
    } catch {
      return true
    }
  })
  expect(refused).toBe(true)
})

test('keys lead to pages, and tell which there are', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible()
  // The second key counts for a second after the first: a busy machine may need another go.
  await expect(async () => {
    await page.keyboard.press('g')
    await page.keyboard.press('i')
    await expect(page).toHaveURL(/\/integrations$/, { timeout: 2_000 })
  }).toPass()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  const search = page.getByRole('textbox', { name: 'Search', exact: true })
  await expect(search).toBeFocused()
  await search.fill('demo inb')
  await expect(page.getByRole('button', { name: /Blocks of “demo inb”/ })).toBeVisible()
  await page.getByRole('button', { name: /demo inbox/ }).click()
  await expect(page.getByRole('heading', { name: 'demo inbox', level: 1 })).toBeVisible()
})

test('the search finds the things themselves, whatever their titles are', async ({ page, hub }) => {
  const title = 'Quokka <img src=x onerror=alert(1)> \u202egnihtemos'
  await call(hub, 'POST', '/api/v1/events', { type: 'alert.created', severity: 'low', title })
  const { id } = await call<{ id: string }>(hub, 'POST', '/api/v1/incidents', {
    title: 'Quokka at the gate',
    severity: 'low',
  })
  await expect
    .poll(async () => (await call<{ items: object[] }>(hub, 'GET', '/api/v1/alerts?q=quokka')).items.length)
    .toBe(1)
  await page.goto('/')
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible()
  await page.keyboard.press('/')
  const search = page.getByRole('textbox', { name: 'Search', exact: true })
  await search.fill('quokka')
  await expect(
    page.getByRole('button', { name: /<img src=x onerror=alert\(1\)> ⟨202E⟩gnihtemos/ }),
  ).toBeVisible()
  // The line that was selected stays so when others come before it, and the keys go on from there.
  await expect(page.locator('[data-action][data-selected]')).toContainText('Alerts with “quokka”')
  await accessible(page)
  await search.press('ArrowUp')
  await expect(page.locator('[data-action][data-selected]')).toContainText('Quokka at the gate')
  await search.press('Enter')
  await expect(page).toHaveURL(new RegExp(`/incidents/${id}$`))
  await page.keyboard.press('/')
  await search.fill('203.0.113')
  await page
    .getByRole('button', { name: /203\.0\.113\.\d+\s*Block, active/ })
    .first()
    .click()
  await expect(page).toHaveURL(/\/blocks\/blk_/)
})

test('an address without a page says so, and keeps the navigation', async ({ page }) => {
  await page.goto('/nowhere/at-all')
  await expect(page.getByText('There is no page at this address')).toBeVisible()
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Alerts' }).click()
  await expect(page).toHaveURL(/\/alerts/)
})

test('whoever is signed in already is not asked again', async ({ page }) => {
  await page.goto('/sign-in?next=%2Fdocs')
  await expect(page).toHaveURL(/\/docs$/)
})

test('a stranger at a hub without an owner is told what to do', async ({ stranger: page }) => {
  const fresh = await startHub()
  try {
    await page.goto(fresh.url)
    await expect(page.getByText('This hub has no owner yet')).toBeVisible()
    await expect(page.getByText(`${fresh.url}/setup#token=…`)).toBeVisible()
    await accessible(page)
    await page.goto(fresh.setupLink)
    await expect(page.getByRole('heading', { name: 'Create the first owner' })).toBeVisible()
  } finally {
    await fresh.stop()
  }
})
