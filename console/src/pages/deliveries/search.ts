import { type Status, statuses } from '@/delivery/words'
import { timeOf } from '@/filters/range'

/** DeliverySearch are the filters of the list, as they stand in the address. */
export interface DeliverySearch {
  integration?: string
  status?: Status
  event?: string
  type?: string
  since?: string
  until?: string
  /** show is the part of an open delivery: its attempts if not said. */
  show?: 'request' | 'event'
}

const textOf = (value: unknown, longest: number): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= longest ? value : undefined

/** readSearch takes the filters from an address, and leaves out what is none. */
export function readSearch(raw: Record<string, unknown>): DeliverySearch {
  const status = statuses.find(({ value }) => value === raw.status)?.value
  return {
    integration: textOf(raw.integration, 64),
    status,
    event: textOf(raw.event, 64),
    type: textOf(raw.type, 128),
    since: timeOf(raw.since),
    until: timeOf(raw.until),
    show: raw.show === 'request' || raw.show === 'event' ? raw.show : undefined,
  }
}

/** DeliveryFilter is what the hub filters by. */
export type DeliveryFilter = Omit<DeliverySearch, 'show'>

/** filterOf leaves out of an address what is no filter. */
export function filterOf({ show: _, ...filter }: DeliverySearch): DeliveryFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}
