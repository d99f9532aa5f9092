import type { Page } from '@playwright/test'
import { call, type Hub } from './hub'
import { expect } from './test'

/** send makes an alert of its own for a test, and waits until it is in the queue. */
export async function send(
  hub: Hub,
  alert: Record<string, unknown> & { title: string; dedup_key: string },
): Promise<string> {
  await call(hub, 'POST', '/api/v1/events', { type: 'alert.created', severity: 'high', ...alert })
  let id = ''
  await expect
    .poll(async () => {
      const found = await call<{ items: { id: string }[] }>(
        hub,
        'GET',
        `/api/v1/alerts?dedup_key=${encodeURIComponent(alert.dedup_key)}`,
      )
      id = found.items[0]?.id ?? ''
      return id
    })
    .not.toBe('')
  return id
}

/** line is an alert's line in the queue. */
export const line = (page: Page, title: string) => page.getByRole('row', { name: title, exact: true })
