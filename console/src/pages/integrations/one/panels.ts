import { type ComponentType, type LazyExoticComponent, lazy } from 'react'
import type { Shown } from './data'

type Part = ComponentType<Shown> | LazyExoticComponent<ComponentType<Shown>>

/** panels are the parts of an integration's page, by the name in the address. Each is loaded when it is first wanted. */
export const panels: Record<string, Part> = {
  overview: lazy(async () => ({ default: (await import('./OverviewTab')).OverviewTab })),
  settings: lazy(async () => ({ default: (await import('./SettingsTab')).SettingsTab })),
  subscription: lazy(async () => ({ default: (await import('./SubscriptionTab')).SubscriptionTab })),
  test: lazy(async () => ({ default: (await import('./TestTab')).TestTab })),
  deliveries: lazy(async () => ({ default: (await import('./DeliveriesTab')).DeliveriesTab })),
  mailbox: lazy(async () => ({ default: (await import('./MailboxTab')).MailboxTab })),
  health: lazy(async () => ({ default: (await import('./HealthTab')).HealthTab })),
  addresses: lazy(async () => ({ default: (await import('./AddressesTab')).AddressesTab })),
  calls: lazy(async () => ({ default: (await import('./CallsTab')).CallsTab })),
  digest: lazy(async () => ({ default: (await import('./DigestTab')).DigestTab })),
}
