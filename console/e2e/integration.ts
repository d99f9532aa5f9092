import type { Page } from '@playwright/test'
import { call, type Hub } from './hub'
import { expect as expectSoon } from './test'

/** expect waits longer than elsewhere: the flows of integrations go through many pages, and wait for a receiver as well. */
export const expect = expectSoon.configure({ timeout: 30_000 })
/** flowTimeout is how long such a flow may take, in milliseconds. */
export const flowTimeout = 180_000

/** Integration is what the flows read of one. */
export interface Integration {
  id: string
  kind: string
  name: string
}

/** Listed is a page of a list. */
export interface Listed<T> {
  items: T[]
}

/** integrations are all of the hub. */
export const integrations = async (hub: Hub): Promise<Integration[]> =>
  (await call<Listed<Integration>>(hub, 'GET', '/api/v1/integrations?limit=500')).items

/** webhook makes an integration that posts to a URL. */
export const webhook = (hub: Hub, name: string, url: string, more: object = {}) =>
  call<Integration>(hub, 'POST', '/api/v1/integrations', {
    kind: 'webhook',
    name,
    settings: { url, signing_secret: 'a secret of at least 24 bytes' },
    subscription: { types: ['custom.*'] },
    ...more,
  })

/** send sends an event that such an integration gets. */
export const send = (hub: Hub, title: string) =>
  call(hub, 'POST', '/api/v1/events', { type: 'custom.note', severity: 'high', title })

/** open goes to an integration's page, and waits until its parts are there. */
export async function open(page: Page, id: string, tab = '') {
  await page.goto(`/integrations/${id}${tab && `/${tab}`}`)
  await expect(page.getByRole('tab', { name: 'Settings' })).toBeVisible()
}

/** field is the input of a setting. */
export const field = (page: Page, path: string) => page.locator(`[id="field-${path}"]`)
