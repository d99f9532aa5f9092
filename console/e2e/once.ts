import type { Locator, Page } from '@playwright/test'

/** once is what stands in a dialog that shows something this one time. */
export const once = (page: Page, label: string): Locator =>
  page.getByRole('region', { name: label, exact: true })

/** textOf is what an element holds, without what stands around it. */
export const textOf = (found: string | null): string => (found ?? '').trim()
