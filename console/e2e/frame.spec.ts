import { type Page, request } from '@playwright/test'
import { call, type Hub, owner } from './hub'
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

test('a session that ended is asked for above the page, and nothing typed is lost', async ({ page }) => {
  await page.goto('/incidents/INC-1')
  const note = page.getByRole('textbox', { name: 'Note' })
  await note.fill('What I found out so far')
  await page.context().clearCookies()
  // Another request than this one may be refused first, and the dialog be open before the button is reached.
  await page
    .getByRole('button', { name: 'Add note' })
    .click({ timeout: 3_000 })
    .catch(() => undefined)
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
  await expect(dialog).toBeVisible()
  await accessible(page)
  await page.keyboard.press('Escape')
  await dialog.getByRole('textbox', { name: 'Password' }).fill('not the password')
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(dialog.getByRole('alert')).toBeVisible()
  await dialog.getByRole('textbox', { name: 'Password' }).fill(owner.password)
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(note).toHaveValue('What I found out so far')
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live')
  await page.getByRole('button', { name: 'Add note' }).click()
  await expect(note).toHaveValue('')
})

test('tabs know when somebody signs out, or another person signs in', async ({ page, hub }) => {
  const made = await call<{ setup_link?: string; link?: string }>(hub, 'POST', '/api/v1/users', {
    email: 'vera@example.com',
    name: 'Vera',
    role: 'viewer',
  })
  const link = JSON.stringify(made).match(/token=([\w-]+)/)?.[1] ?? ''
  await signUp(hub, link)
  // A session of its own: it is ended, and the other flows go on with theirs.
  await page.context().clearCookies()
  await page.goto('/sign-in')
  await signIn(page, owner.email)
  await expect(navigation(page)).toBeVisible()
  const other = await page.context().newPage()
  await other.goto('/')
  await other.getByRole('button', { name: /Account menu/ }).click()
  await other.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/sign-in/)
  await signIn(other, owner.email)
  await expect(navigation(other)).toBeVisible()
  await page.goto('/incidents')
  await expect(navigation(page)).toBeVisible()
  await page.context().clearCookies()
  await other.goto('/sign-in')
  await signIn(other, 'vera@example.com')
  await expect(navigation(other)).toBeVisible()
  const dialog = page.getByRole('dialog', { name: 'You are signed in as vera@example.com now' })
  await expect(dialog).toBeVisible()
  await accessible(page)
  await dialog.getByRole('button', { name: 'Reload' }).click()
  await expect(page.getByRole('button', { name: 'Account menu of vera@example.com' })).toBeVisible()
})

test('whoever loses the account that they act in is back in their own', async ({ page, hub }) => {
  await call(hub, 'POST', '/api/v1/accounts', { name: 'kid', title: 'Kid Ltd' })
  await page.goto('/')
  await page.evaluate(() => sessionStorage.setItem('tocsin.account', 'kid'))
  await page.goto('/alerts')
  await expect(page.getByText('You act in the account kid.')).toBeVisible()
  await call(hub, 'POST', '/api/v1/accounts/kid/close')
  await navigation(page).getByRole('link', { name: 'Incidents' }).click()
  await expect(page.getByText('You can no longer act in the account kid')).toBeVisible()
  await accessible(page)
  await page.getByRole('button', { name: 'Close' }).click()
  await page.reload()
  await expect(navigation(page)).toBeVisible()
  await expect(page.getByText('You can no longer act')).toBeHidden()
})

test('an address with values that make no sense shows the page without them', async ({ page }) => {
  for (const [address, heading] of [
    ['/blocks?view=anything&since=99y', 'Blocks'],
    ['/?window=99y', 'Overview'],
    ['/alerts?status=bogus', 'Alerts'],
    ['/events?type=%25%25%25', 'Events'],
  ] as const) {
    await page.goto(address)
    await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible()
    await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live')
    await expect(page.getByRole('alert')).toHaveCount(0)
  }
})

test('every page says that blocking is stopped', async ({ page, hub }) => {
  await call(hub, 'POST', '/api/v1/response-policy/kill-switch', { on: true, reason: 'drill <b>today</b>' })
  await page.goto('/alerts')
  await expect(page.getByText('Blocking is stopped: drill <b>today</b>')).toBeVisible()
  await accessible(page)
  await page.getByRole('link', { name: 'Kill switch' }).click()
  await expect(page).toHaveURL(/\/blocks\/policy$/)
  await call(hub, 'POST', '/api/v1/response-policy/kill-switch', { on: false })
  await page.goto('/alerts')
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live')
  await expect(page.getByText('Blocking is stopped')).toBeHidden()
})

async function signIn(page: Page, email: string) {
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('textbox', { name: 'Password' }).fill(owner.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** signUp takes up an invitation. */
async function signUp(hub: Hub, token: string) {
  const context = await request.newContext({ baseURL: hub.url })
  const answer = await context.post('/api/v1/setup', {
    headers: { Origin: hub.url },
    data: { token, password: owner.password },
  })
  expect(answer.ok(), await answer.text()).toBe(true)
  await context.dispose()
}
