import type { Schemas } from '@/api/client'
import { blocks, delivers, digests, isCalled } from '@/integration/capabilities'

/** Tab is a part of an integration's page with an address of its own. */
export interface Tab {
  value: string
  label: string
}

/** tabsOf are the parts that an integration has, by what its connector can do; never by its kind. */
export function tabsOf(connector: Pick<Schemas['Connector'], 'capabilities'> | undefined): Tab[] {
  const events = delivers(connector) || connector === undefined
  const tabs: (Tab | false)[] = [
    { value: 'overview', label: 'Overview' },
    { value: 'settings', label: 'Settings' },
    events && { value: 'subscription', label: 'Subscription' },
    { value: 'test', label: events ? 'Test and preview' : 'Test' },
    events && { value: 'deliveries', label: 'Deliveries' },
    events && { value: 'mailbox', label: 'Mailbox' },
    events && { value: 'health', label: 'Health' },
    blocks(connector) && { value: 'addresses', label: 'Addresses' },
    isCalled(connector) && { value: 'calls', label: 'Vendor’s side' },
    digests(connector) && { value: 'digest', label: 'Digest' },
  ]
  return tabs.filter((tab): tab is Tab => tab !== false)
}
