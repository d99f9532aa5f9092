import {
  type Icon,
  IconDatabaseExport,
  IconFlask2,
  IconMessage2,
  IconPlugConnected,
  IconRadar2,
  IconShieldBolt,
  IconTicket,
} from '@tabler/icons-react'

/** Group is a part of the catalogue. */
export interface Group {
  name: string
  title: string
  about: string
  icon: Icon
}

/** groups are the parts of the catalogue, in order. */
export const groups: Group[] = [
  {
    name: 'response_actions',
    title: 'Response actions',
    about: 'Keep addresses out at the edge.',
    icon: IconShieldBolt,
  },
  {
    name: 'data_export',
    title: 'Data export',
    about: 'Every event to a SIEM, a data store or an endpoint of your own.',
    icon: IconDatabaseExport,
  },
  {
    name: 'notifications',
    title: 'Notifications',
    about: 'Tell people where they are.',
    icon: IconMessage2,
  },
  { name: 'ticketing', title: 'Ticketing', about: 'Work goes on in a ticket, in step.', icon: IconTicket },
  {
    name: 'threat_intelligence',
    title: 'Threat intelligence',
    about: 'What others know of an address.',
    icon: IconRadar2,
  },
  { name: 'testing', title: 'Testing', about: 'See what a receiver would get.', icon: IconFlask2 },
]

/** groupOf gives a group, whatever its name: one that is new has a plain picture. */
export const groupOf = (name: string): Group =>
  groups.find((each) => each.name === name) ?? {
    name,
    title: name.replaceAll('_', ' '),
    about: '',
    icon: IconPlugConnected,
  }
