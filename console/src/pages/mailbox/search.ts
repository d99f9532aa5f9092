import { timeOf } from '@/filters/range'

/** boxes are the statuses that the mailbox can show, the usual one first. */
export const boxes = ['mailbox', 'discarded', 'expired', 'parked', 'behind', 'held'] as const

/** Box is one of them. */
export type Box = (typeof boxes)[number]

/** boxNames are their words. */
export const boxNames: Record<Box, string> = {
  mailbox: 'Failed for good',
  discarded: 'Discarded',
  expired: 'Expired',
  parked: 'To be tried again',
  behind: 'Behind another of its key',
  held: 'Held back by noise control',
}

/** MailboxSearch are the filters of the mailbox, as they stand in the address. */
export interface MailboxSearch {
  /** status is left out for the mailbox itself. */
  status?: Exclude<Box, 'mailbox'>
  integration?: string
  type?: string
  cause_class?: string
  cause?: string
  event?: string
  job?: string
  after?: string
  before?: string
  /** list shows the deliveries one by one, not summed up by cause. */
  list?: true
}

const textOf = (value: unknown, longest: number): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= longest ? value : undefined

/** readSearch takes the filters from an address, and leaves out what is none. */
export function readSearch(raw: Record<string, unknown>): MailboxSearch {
  const status = boxes.find((each) => each === raw.status)
  return {
    status: status === 'mailbox' ? undefined : status,
    integration: textOf(raw.integration, 64),
    type: textOf(raw.type, 128),
    cause_class: textOf(raw.cause_class, 64),
    cause: textOf(raw.cause, 4096),
    event: textOf(raw.event, 64),
    job: textOf(raw.job, 64),
    after: timeOf(raw.after),
    before: timeOf(raw.before),
    list: raw.list === true ? true : undefined,
  }
}

/** MailboxFilter is what the hub filters by. */
export type MailboxFilter = Omit<MailboxSearch, 'list' | 'status'> & { status?: Box[] }

/** filterOf is an address's filter as the hub takes it. */
export function filterOf({ list: _, status, ...rest }: MailboxSearch): MailboxFilter {
  const filter: MailboxFilter = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined),
  )
  if (status) filter.status = [status]
  return filter
}

/** narrowed counts the filters that are set beside the status. */
export const narrowed = (search: MailboxSearch): number =>
  Object.entries(search).filter(
    ([name, value]) => value !== undefined && name !== 'status' && name !== 'list',
  ).length

/** showsList says whether the deliveries are shown one by one: when asked for, or when one cause was chosen. */
export const showsList = (search: MailboxSearch): boolean =>
  search.list === true || search.cause !== undefined

/** replayable says whether what is in a box can be sent again from there. */
export const replayable = (box: Box): boolean => box === 'mailbox' || box === 'discarded'

/** discardable says whether what is in a box can be closed by a person. */
export const discardable = (box: Box): boolean => box === 'mailbox' || box === 'parked' || box === 'held'
