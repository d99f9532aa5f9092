/** Kept is something that the hub keeps for a time. */
export interface Kept {
  what: string
  term: string
  after: string
  /** setting is what the operator changes it with. */
  setting?: string
}

/** kept is what is kept how long; a term with a setting is the default, which the operator may have changed. */
export const kept: Kept[] = [
  {
    what: 'Events in the journal',
    term: '7 days, up to 50 GiB',
    after:
      'The oldest go. What an integration has not been given by then is counted as expired, never lost in silence.',
    setting: 'journal.max_age, journal.max_bytes',
  },
  {
    what: 'Failed deliveries in the mailbox',
    term: '30 days',
    after: 'Each holds its own copy of the event, and can be replayed until then.',
    setting: 'mailbox.max_age',
  },
  {
    what: 'Delivery attempts',
    term: '7 days, up to 2 GiB',
    after: 'The counts of each integration stay.',
    setting: 'ledger.max_age, ledger.max_bytes',
  },
  {
    what: 'Alerts',
    term: 'a year after they were resolved',
    after: 'Open ones stay, and so do those of an incident.',
    setting: 'alerts.max_age',
  },
  { what: 'Incidents', term: 'for good', after: 'With their notes, files and timeline.' },
  { what: 'Ended blocks', term: '90 days', after: 'Active ones stay.' },
  { what: 'Ended silences', term: '30 days', after: 'The audit record knows who made them.' },
  { what: 'Charts of throughput and latency', term: '8 days', after: 'The counts stay.' },
  {
    what: 'The audit record',
    term: '400 days',
    after: 'The oldest entries go once a day, and that is an entry itself.',
    setting: 'audit.max_age',
  },
]
