import { createHmac } from 'node:crypto'
import type { Page } from '@playwright/test'
import { owner } from './hub'
import { once, textOf } from './once'
import { accessible, expect, test } from './test'

// Each flow looks at several pages with axe, which takes its time.
test.describe.configure({ timeout: 120_000 })

// What slides in is measured where it stands.
test.beforeEach(async ({ page }) => page.emulateMedia({ reducedMotion: 'reduce' }))

const password = 'a long and random pass phrase'

test('somebody is invited, chooses a password, and sees what the role allows', async ({ page, stranger }) => {
  const link = await invite(page, 'vera@example.com', 'Viewer')
  await stranger.goto(link)
  await expect(stranger.getByRole('heading', { name: 'Welcome to Tocsin' })).toBeVisible()
  await choosePassword(stranger)
  await expect(stranger.getByRole('navigation', { name: 'Pages' })).toBeVisible()

  const pages = stranger.getByRole('navigation', { name: 'Pages' })
  await expect(pages.getByRole('link', { name: 'Alerts' })).toBeVisible()
  await expect(pages.getByRole('link', { name: 'Audit' })).toHaveCount(0)
  await stranger.goto('/settings')
  const settings = stranger.getByRole('navigation', { name: 'Settings' })
  await expect(settings.getByRole('link', { name: 'Projects' })).toBeVisible()
  await expect(settings.getByRole('link', { name: 'API keys' })).toHaveCount(0)
  await stranger.goto('/settings/keys')
  await expect(stranger.getByRole('alert')).toContainText('You may not see this')
  await stranger.goto('/settings/projects')
  await expect(stranger.getByRole('button', { name: 'Create project' })).toBeDisabled()
  await stranger.goto('/settings/profile')
  await expect(stranger.getByText('What you may do as viewer')).toBeVisible()
  await accessible(stranger)

  // Raised to analyst by the owner, and put out again.
  await page.goto('/settings/users?q=vera')
  await page.getByRole('row', { name: 'vera@example.com' }).click()
  const person = page.getByRole('dialog', { name: /^(Guest|vera)/ })
  await person.getByRole('radio', { name: 'Analyst' }).click()
  await accessible(page)
  await person.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('row', { name: 'vera@example.com' })).toContainText('Analyst')
  await page.getByRole('row', { name: 'vera@example.com' }).click()
  await person.getByRole('button', { name: 'Disable' }).click()
  await page
    .getByRole('dialog', { name: /Disable vera/ })
    .getByRole('button', { name: 'Disable' })
    .click()
  await expect(page.getByRole('row', { name: 'vera@example.com' })).toContainText('disabled')
  await stranger.goto('/settings/profile')
  await expect(stranger.getByRole('heading', { name: 'Sign in' })).toBeVisible()
})

test('a second factor is set up, and asked for when signing in', async ({ page, stranger }) => {
  const link = await invite(page, 'tom@example.com', 'Analyst')
  await stranger.goto(link)
  await choosePassword(stranger)
  await expect(stranger.getByRole('navigation', { name: 'Pages' })).toBeVisible()
  await stranger.goto('/settings/profile')
  await stranger.getByRole('button', { name: 'Set up', exact: true }).click()
  const dialog = stranger.getByRole('dialog', { name: 'Set up the second factor' })
  await dialog.getByRole('textbox', { name: 'Your password' }).fill('not it at all')
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await expect(dialog.getByRole('alert')).toBeVisible()
  await dialog.getByRole('textbox', { name: 'Your password' }).fill(password)
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await expect(dialog.getByRole('img', { name: 'QR code for an authenticator' })).toBeVisible()
  await accessible(stranger)
  const secret = textOf(await dialog.getByTestId('totp-secret').textContent()).replace(/\s/g, '')
  await dialog.getByRole('textbox', { name: 'The code that it shows now' }).fill('000000')
  await dialog.getByRole('button', { name: 'Turn on' }).click()
  await expect(dialog.getByRole('alert'), 'a wrong code signs nobody out').toBeVisible()
  await dialog.getByRole('textbox', { name: 'The code that it shows now' }).fill(totp(secret))
  await dialog.getByRole('button', { name: 'Turn on' }).click()
  const codes = stranger.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem')
  await expect(codes).toHaveCount(10)
  await accessible(stranger)
  const recovery = textOf(await codes.first().textContent())
  await stranger.getByRole('button', { name: 'I have kept them' }).click()
  await expect(stranger.getByText('On: signing in asks for a code')).toBeVisible()

  const signIn = async (code: string) => {
    await stranger.getByRole('button', { name: /Account menu/ }).click()
    await stranger.getByRole('menuitem', { name: 'Sign out' }).click()
    await stranger.getByLabel('E-mail address').fill('tom@example.com')
    await stranger.getByRole('textbox', { name: 'Password' }).fill(password)
    await stranger.getByRole('button', { name: 'Sign in' }).click()
    await stranger.getByRole('textbox', { name: 'Code' }).fill(code)
    await stranger.getByRole('button', { name: 'Sign in' }).click()
    await expect(stranger.getByRole('navigation', { name: 'Pages' })).toBeVisible()
  }
  // A code counts once: the next one is that of the next half minute, which the hub takes already.
  await signIn(totp(secret, 1))
  await signIn(recovery)
  await stranger.goto('/settings/profile')
  await expect(stranger.getByText('with second factor').first()).toBeVisible()
})

/** invite invites somebody as the owner, and gives the link for them. */
async function invite(page: Page, email: string, role: string): Promise<string> {
  await page.goto('/settings/users')
  await page.getByRole('button', { name: 'Invite user' }).click()
  const form = page.getByRole('dialog', { name: 'Invite user' })
  await form.getByLabel('E-mail address').fill(owner.email)
  await form.getByRole('button', { name: 'Invite user' }).click()
  await expect(form.getByRole('alert'), 'the owner is there already').toBeVisible()
  await form.getByLabel('E-mail address').fill(email)
  await form.getByRole('radio', { name: role }).click()
  await accessible(page)
  await form.getByRole('button', { name: 'Invite user' }).click()
  const link = textOf(await once(page, `Invitation for ${email}`).textContent())
  await accessible(page)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await expect(page.getByRole('row', { name: email })).toContainText('invited')
  return link
}

async function choosePassword(page: Page): Promise<void> {
  await page.getByLabel('Your name').fill('Guest')
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('textbox', { name: 'Repeat the password' }).fill(password)
  await page.getByRole('button', { name: 'Set the password and sign in' }).click()
}

/** totp is the code of an authenticator (RFC 6238), so many half minutes from now. */
function totp(secret: string, later = 0): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = Array.from(secret.replace(/=/g, ''), (c) =>
    alphabet.indexOf(c).toString(2).padStart(5, '0'),
  ).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later))
  const mac = createHmac('sha1', key).update(counter).digest()
  const at = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
