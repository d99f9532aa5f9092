import { call } from './hub'
import { once } from './once'
import { accessible, expect, test } from './test'

test('what is written in a drawer is kept, until somebody says to discard it', async ({ page }) => {
  await page.goto('/settings/projects')
  await page.getByRole('button', { name: 'Create project' }).click()
  const form = page.getByRole('dialog', { name: 'Create project' })
  const question = page.getByRole('dialog', { name: 'Discard what you wrote?' })
  await form.getByRole('textbox', { name: 'Name' }).fill('shop')

  await page.mouse.click(200, 600)
  await expect(form.getByRole('textbox', { name: 'Name' })).toHaveValue('shop')
  await expect(question).toBeHidden()
  await page.keyboard.press('Escape')
  await expect(question).toBeVisible()
  await expect(question.getByRole('button', { name: 'Keep it' })).toBeFocused()
  await accessible(page)
  await page.keyboard.press('Escape')
  await expect(question).toBeHidden()
  await expect(form.getByRole('textbox', { name: 'Name' })).toHaveValue('shop')

  await form.getByRole('button', { name: 'Close' }).click()
  await question.getByRole('button', { name: 'Discard' }).click()
  await expect(form).toBeHidden()
  await expect(page.getByRole('button', { name: 'Create project' })).toBeFocused()

  await page.getByRole('button', { name: 'Create project' }).click()
  await form.getByRole('textbox', { name: 'Name' }).fill('shop')
  await page.goBack()
  await question.getByRole('button', { name: 'Keep it' }).click()
  await expect(form.getByRole('textbox', { name: 'Name' })).toHaveValue('shop')
  await form.getByRole('button', { name: 'Cancel' }).click()
  await expect(form).toBeHidden()

  // Nothing is asked where nothing is written, or where it is saved.
  await page.getByRole('button', { name: 'Create project' }).click()
  await page.keyboard.press('Escape')
  await expect(form).toBeHidden()
  await page.getByRole('button', { name: 'Create project' }).click()
  await form.getByRole('button', { name: 'Create project' }).click()
  await expect(form.getByText('Is required')).toBeVisible()
  await expect(form.getByRole('textbox', { name: 'Name' })).toBeFocused()
  await form.getByRole('textbox', { name: 'Name' }).fill('shop')
  await form.getByRole('button', { name: 'Create project' }).click()
  await expect(form).toBeHidden()
  await expect(page.getByRole('row').filter({ hasText: 'shop' })).toBeVisible()
  await expect(question).toBeHidden()
})

test('a note and the policy are not left behind unasked', async ({ page, hub }) => {
  const { id } = await call<{ id: string }>(hub, 'POST', '/api/v1/incidents', { title: 'Door open' })
  const question = page.getByRole('dialog', { name: 'Leave without saving?' })
  await page.goto(`/incidents/${id}`)
  await page.getByRole('textbox', { name: 'Note' }).fill('It was the wind')
  await page.getByRole('link', { name: 'Events', exact: true }).click()
  await question.getByRole('button', { name: 'Stay' }).click()
  await expect(page.getByRole('textbox', { name: 'Note' })).toHaveValue('It was the wind')
  await page.getByRole('button', { name: 'Add note' }).click()
  await expect(page.getByText('It was the wind')).toBeVisible()

  await page.goto('/blocks/policy')
  await page.getByLabel('If the request does not say').fill('2h')
  await page.getByRole('link', { name: 'Events', exact: true }).click()
  await expect(question).toBeVisible()
  await question.getByRole('button', { name: 'Leave' }).click()
  await expect(page.getByRole('heading', { name: 'Events', level: 1 })).toBeVisible()
  await expect(page.getByTestId('announcer')).toHaveText('Events')
})

test('what is shown once is not lost by going back', async ({ page }) => {
  await page.goto('/settings/users')
  await page.goto('/settings/keys')
  await page.getByRole('button', { name: 'Create key' }).click()
  const form = page.getByRole('dialog', { name: 'Create key' })
  await form.getByLabel('Name').fill('kept')
  await form.getByRole('button', { name: 'Read everything' }).click()
  await form.getByRole('button', { name: 'Create key' }).click()
  await expect(once(page, 'API key')).toBeVisible()
  await page.goBack()
  const question = page.getByRole('dialog', { name: 'Leave without copying it?' })
  await question.getByRole('button', { name: 'Stay' }).click()
  await expect(once(page, 'API key')).toBeVisible()
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
})

test('what somebody else changed meanwhile and what is written here come together', async ({ page, hub }) => {
  const made = await call<{ id: string }>(hub, 'POST', '/api/v1/projects', {
    name: 'contested',
    title: 'Before',
    environment: 'test',
  })
  await page.goto(`/settings/projects?open=${made.id}`)
  const form = page.getByRole('dialog', { name: 'contested' })
  await form.getByRole('textbox', { name: 'Title' }).fill('Mine')
  await call(hub, 'PATCH', `/api/v1/projects/${made.id}`, { environment: 'production' })
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form.getByText('Somebody else changed this in the meantime')).toBeVisible()
  await form.getByRole('button', { name: 'Put mine on top of it' }).click()
  await expect(form.getByRole('combobox', { name: 'Environment' })).toHaveValue('production')
  await expect(form.getByRole('textbox', { name: 'Title' })).toHaveValue('Mine')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form).toBeHidden()
  expect(await call(hub, 'GET', `/api/v1/projects/${made.id}`)).toMatchObject({
    title: 'Mine',
    environment: 'production',
  })
})

test('an address that names nothing says so', async ({ page }) => {
  await page.goto('/settings/keys?open=key_nothing')
  await expect(page.getByRole('dialog', { name: 'Not found' })).toContainText('not here')
})
