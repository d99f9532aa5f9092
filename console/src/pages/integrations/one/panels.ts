import type { ComponentType } from 'react'
import { lazyPart } from '@/part/lazyPart'
import type { Shown } from './data'

/** panels are the parts of an integration's page, by the name in the address. Each is loaded when it is first wanted. */
export const panels: Record<string, ComponentType<Shown>> = {
  overview: lazyPart(() => import('./OverviewTab'), 'OverviewTab'),
  settings: lazyPart(() => import('./SettingsTab'), 'SettingsTab'),
  subscription: lazyPart(() => import('./SubscriptionTab'), 'SubscriptionTab'),
  test: lazyPart(() => import('./TestTab'), 'TestTab'),
  deliveries: lazyPart(() => import('./DeliveriesTab'), 'DeliveriesTab'),
  mailbox: lazyPart(() => import('./MailboxTab'), 'MailboxTab'),
  health: lazyPart(() => import('./HealthTab'), 'HealthTab'),
  addresses: lazyPart(() => import('./AddressesTab'), 'AddressesTab'),
  calls: lazyPart(() => import('./CallsTab'), 'CallsTab'),
  digest: lazyPart(() => import('./DigestTab'), 'DigestTab'),
}
