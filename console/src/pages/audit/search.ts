import { timeOf } from '@/filters/range'

/** AuditSearch are the filters of the record, as they stand in the address. */
export interface AuditSearch {
  action?: string
  target?: string
  actor?: string
  since?: string
  until?: string
  /** at is the time of an open entry, by which it is found again when the list has not come to it. */
  at?: string
}

const textOf = (value: unknown, longest: number): string | undefined => {
  // A name of digits alone comes out of an address as a number.
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && text !== '' && text.length <= longest ? text : undefined
}

/** readSearch takes the filters from an address, and leaves out what is none. */
export const readSearch = (raw: Record<string, unknown>): AuditSearch => ({
  action: textOf(raw.action, 100),
  target: textOf(raw.target, 200),
  actor: textOf(raw.actor, 100),
  since: timeOf(raw.since),
  until: timeOf(raw.until),
  at: timeOf(raw.at),
})

/** AuditFilter is what the hub filters by. */
export type AuditFilter = Omit<AuditSearch, 'at'>

/** filterOf leaves out of an address what is no filter. */
export const filterOf = ({ at: _, ...filter }: AuditSearch): AuditFilter =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
