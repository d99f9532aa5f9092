/** IncidentSearch is what the address of the list of incidents says; lists are separated by commas. */
export interface IncidentSearch {
  q?: string
  status?: string
  severity?: string
  owner?: string
  project?: string
  /** timespan is how far back the list looks, as the API reads it: P7D. */
  timespan?: string
  rule?: string
}

const names = ['q', 'status', 'severity', 'owner', 'project', 'timespan', 'rule'] as const

/** longestSearch is how many characters of a part of the address are taken. */
const longestSearch = 300

/** readSearch reads the address. What it does not know is left out. */
export function readSearch(raw: Record<string, unknown>): IncidentSearch {
  const search: IncidentSearch = {}
  for (const name of names) {
    const value = raw[name]
    const text = Array.isArray(value) ? value.join(',') : typeof value === 'object' ? '' : String(value ?? '')
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
