import { owner, startHub } from './hub'
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
