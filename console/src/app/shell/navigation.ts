import {
  type Icon,
  IconAffiliate,
  IconBell,
  IconBook2,
  IconChartHistogram,
  IconFlame,
  IconInbox,
  IconListDetails,
  IconMailExclamation,
  IconPlugConnected,
  IconSend,
  IconSettings,
  IconShieldLock,
} from '@tabler/icons-react'

/** Place is an entry of the navigation. */
export interface Place {
  label: string
  path: string
  icon: Icon
  /** scopes of which one is needed; none: everybody. */
  scopes?: string[]
  /** letter is what follows g on the keyboard. */
  letter: string
  /** count names the figure of the live state that stands beside the label. */
  count?: 'alerts_open' | 'incidents_open' | 'blocks_pending' | 'mailbox' | 'failing'
}

/** Section is a group of the navigation. */
export interface Section {
  label: string
  places: Place[]
}

/** sections is the navigation, in order. A new page is one line here, and its routes in app/router.tsx. */
export const sections: Section[] = [
  {
    label: 'Watch',
    places: [{ label: 'Overview', path: '/', icon: IconChartHistogram, letter: 'o' }],
  },
  {
    label: 'Respond',
    places: [
      {
        label: 'Alerts',
        path: '/alerts',
        icon: IconBell,
        letter: 'a',
        scopes: ['alerts:read'],
        count: 'alerts_open',
      },
      {
        label: 'Incidents',
        path: '/incidents',
        icon: IconFlame,
        letter: 'n',
        scopes: ['incidents:read'],
        count: 'incidents_open',
      },
      {
        label: 'Blocks',
        path: '/blocks',
        icon: IconShieldLock,
        letter: 'b',
        scopes: ['blocks:read'],
        count: 'blocks_pending',
      },
    ],
  },
  {
    label: 'Deliver',
    places: [
      {
        label: 'Integrations',
        path: '/integrations',
        icon: IconPlugConnected,
        letter: 'i',
        scopes: ['integrations:read'],
        count: 'failing',
      },
      { label: 'Deliveries', path: '/deliveries', icon: IconSend, letter: 'd', scopes: ['deliveries:read'] },
      {
        label: 'Mailbox',
        path: '/mailbox',
        icon: IconMailExclamation,
        letter: 'm',
        scopes: ['deliveries:read'],
        count: 'mailbox',
      },
      { label: 'Events', path: '/events', icon: IconAffiliate, letter: 'e', scopes: ['events:read'] },
      { label: 'Capture inbox', path: '/captures', icon: IconInbox, letter: 'c', scopes: ['events:read'] },
    ],
  },
  {
    label: 'Govern',
    places: [
      { label: 'Audit', path: '/audit', icon: IconListDetails, letter: 'u', scopes: ['audit:read'] },
      { label: 'Settings', path: '/settings', icon: IconSettings, letter: 's' },
      { label: 'Docs', path: '/docs', icon: IconBook2, letter: 'h' },
    ],
  },
]

/** places are all entries of the navigation. */
export const places: Place[] = sections.flatMap((section) => section.places)
