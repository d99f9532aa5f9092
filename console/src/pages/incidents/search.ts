import { type Range, timeOf } from '@/filters/range'

/** IncidentSearch is what the address of the list of incidents says; lists are separated by commas. */
export interface IncidentSearch {
  q?: string
  status?: string
  severity?: string
  owner?: string
  project?: string
  /** timespan is how far back the list looks, as the API reads it: P7D. */
  timespan?: string
  /** since and until bound when the incidents were made. */
  since?: string
  until?: string
  rule?: string
}

const names = ['q', 'status', 'severity', 'owner', 'project', 'timespan', 'since', 'until', 'rule'] as const

/** timespans are the usual spans as the API reads them, by their word in the filter. */
const timespans: Record<string, string> = { '1h': 'PT1H', '24h': 'P1D', '7d': 'P7D', '30d': 'P30D' }

/** rangeOf is the time that the address asks for. */
export function rangeOf({ timespan, since, until }: IncidentSearch): Range {
  if (!timespan) return { since: timeOf(since), until: timeOf(until) }
  return { last: Object.keys(timespans).find((last) => timespans[last] === timespan) ?? timespan }
}

/** withRange is the part of the address that stands for a time. */
export const withRange = ({ since, until, last }: Range): Partial<IncidentSearch> => ({
  since,
  until,
  timespan: last && (timespans[last] ?? last),
})

/** longestSearch is how many characters of a part of the address are taken. */
const longestSearch = 300

/** readSearch reads the address. What it does not know is left out. */
export function readSearch(raw: Record<string, unknown>): IncidentSearch {
  const search: IncidentSearch = {}
  for (const name of names) {
    const value = raw[name]
    const text = Array.isArray(value) ? value.join(',') : typeof value === 'object' ? '' : String(value ?? '')
    if ((name === 'since' || name === 'until') && !timeOf(text)) continue
    if (text.trim()) search[name] = text.trim().slice(0, longestSearch)
  }
  return search
}

/** openStatuses are those of incidents that somebody still works on: the list shows them if the address says nothing else. */
export const openStatuses = 'new,active'

/** queryOf is what the API is asked for. */
export function queryOf({ status, ...rest }: IncidentSearch) {
  return { ...rest, ...(status === 'all' ? {} : { status: status ?? openStatuses }) }
}

/** isFiltered says whether the address asks for less than what is open. */
export const isFiltered = (search: IncidentSearch): boolean =>
  Object.values(search).some((value) => value !== undefined)
