import {
  type Icon,
  IconArchive,
  IconBellOff,
  IconBuildingCommunity,
  IconChartBar,
  IconFolders,
  IconKey,
  IconMailShare,
  IconRoute2,
  IconUserCircle,
  IconUsers,
  IconWebhook,
  IconWorldUpload,
} from '@tabler/icons-react'

/** SettingsPlace is a page of the settings. */
export interface SettingsPlace {
  path: string
  label: string
  /** about is what the page is for, in half a sentence. */
  about: string
  icon: Icon
  /** scopes of which one is needed; none: everybody. */
  scopes?: string[]
}

/** SettingsGroup is a part of the settings' navigation. */
export interface SettingsGroup {
  label: string
  places: SettingsPlace[]
}

/** settingsGroups are all pages of the settings, in order. */
export const settingsGroups: SettingsGroup[] = [
  {
    label: 'You',
    places: [
      {
        path: '/settings/profile',
        label: 'Profile',
        about: 'Your name, password, second factor and where you are signed in',
        icon: IconUserCircle,
      },
    ],
  },
  {
    label: 'Account',
    places: [
      {
        path: '/settings/accounts',
        label: 'Accounts',
        about: 'This account and those below it; act in one of them',
        icon: IconBuildingCommunity,
      },
      {
        path: '/settings/projects',
        label: 'Projects',
        about: 'Names for the parts of what you watch',
        icon: IconFolders,
      },
      {
        path: '/settings/users',
        label: 'Users and roles',
        about: 'Who may sign in, and what they may do',
        icon: IconUsers,
        scopes: ['admin'],
      },
      {
        path: '/settings/keys',
        label: 'API keys',
        about: 'What programs sign in with',
        icon: IconKey,
        scopes: ['admin'],
      },
      {
        path: '/settings/plans',
        label: 'Plan and usage',
        about: 'What the plan allows, and how much of it is used',
        icon: IconChartBar,
      },
    ],
  },
  {
    label: 'Inbound',
    places: [
      {
        path: '/settings/sources',
        label: 'Sources',
        about: 'Addresses that your tools send events to',
        icon: IconWebhook,
        scopes: ['sources:read'],
      },
      {
        path: '/settings/mapping',
        label: 'Mapping rules',
        about: 'Severity, project and more, set before an event is written down',
        icon: IconRoute2,
        scopes: ['mapping:read'],
      },
    ],
  },
  {
    label: 'Outbound',
    places: [
      {
        path: '/settings/silences',
        label: 'Silences',
        about: 'Mute deliveries for a while',
        icon: IconBellOff,
        scopes: ['alerts:read'],
      },
      {
        path: '/settings/digests',
        label: 'Digests',
        about: 'A day or a week in one mail',
        icon: IconMailShare,
        scopes: ['integrations:read'],
      },
      {
        path: '/settings/egress',
        label: 'Egress addresses',
        about: 'Where deliveries come from, for the firewalls of receivers',
        icon: IconWorldUpload,
      },
    ],
  },
  {
    label: 'Data',
    places: [
      {
        path: '/settings/retention',
        label: 'Retention and backup',
        about: 'What is kept for how long; backup; secrets at rest',
        icon: IconArchive,
        scopes: ['deliveries:read'],
      },
    ],
  },
]
