import type { Schemas } from '@/api/client'
import { sinceHours, spanOf } from '@/filters/range'
import { severities } from '@/text/Severity'

/** Filter is which alerts are meant, as the API takes it in queries and in bodies. */
export type Filter = Schemas['AlertFilter']

/** lists are the filters of which several values may be chosen; in the address they are separated by commas. */
export const lists = [
  'status',
  'severity',
  'alert_type',
  'project',
  'source',
  'assignee',
  'country',
  'mitre',
] as const
export type ListName = (typeof lists)[number]

/** singles are the filters of one value. */
const singles = ['q', 'entity', 'tag', 'rule', 'incident', 'since', 'until'] as const

export const sorts = ['last_seen', 'first_seen', 'severity', 'risk'] as const
export type Sort = (typeof sorts)[number]

/** AlertSearch is what the address of the queue says. All of it is text, so that the address can be read. */
export type AlertSearch = Partial<Record<ListName | (typeof singles)[number] | 'time', string>> & {
  sort?: Sort
}

/** longestSearch is how many characters of a part of the address are taken: what the API takes of an entity. */
const longestSearch = 8_192

/** readSearch reads the address. What it does not know is left out. */
export function readSearch(raw: Record<string, unknown>): AlertSearch {
  const search: AlertSearch = {}
  for (const name of [...lists, ...singles]) {
    const text = knownOf(name, textOf(raw[name]))
    if (text) search[name] = text
  }
  const time = textOf(raw.time)
  if (spanOf(time)) search.time = time
  const sort = sorts.find((each) => each === raw.sort)
  if (sort && sort !== 'last_seen') search.sort = sort
  return search
}

// The lists of which the API knows all values, and refuses any other.
const values: Partial<Record<string, readonly string[]>> = {
  status: ['open', 'acknowledged', 'resolved', 'all'],
  severity: severities,
}

/** knownOf leaves those values of a list out that there are not. */
function knownOf(name: string, text: string): string {
  const known = values[name]
  if (!known) return text
  return text
    .split(',')
    .filter((each) => known.includes(each))
    .join(',')
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean).join(',')
  if (typeof value === 'string') return value.trim().slice(0, longestSearch)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return ''
}

/** valuesOf are the values of a list in the address. */
export const valuesOf = (search: AlertSearch, name: ListName): string[] =>
  (search[name] ?? '').split(',').filter(Boolean)

/** waiting are the statuses of what somebody has to look at: the queue shows them if the address says nothing else. */
export const waiting = ['open', 'acknowledged']

/** statusesOf are the statuses that are shown; none: all. */
export function statusesOf(search: AlertSearch): string[] {
  if (search.status === 'all') return []
  const chosen = valuesOf(search, 'status')
  return chosen.length > 0 ? chosen : waiting
}

/** filterOf is the filter that the address stands for; now is from when times are counted back, in milliseconds. */
export function filterOf(search: AlertSearch, now: number): Filter {
  const filter: Record<string, string | string[]> = {}
  for (const name of lists) {
    const values = name === 'status' ? statusesOf(search) : valuesOf(search, name)
    if (values.length > 0) filter[name] = values
  }
  for (const name of singles) {
    const text = search[name]
    if (text) filter[name] = text
  }
  const span = spanOf(search.time)
  if (span) Object.assign(filter, sinceHours(span.hours, now))
  return filter as Filter
}

/** without is a filter that lets any value of a list through. */
export function without(filter: Filter, name: ListName): Filter {
  const { [name]: _, ...others } = filter
  return others
}

/** toggled is the address with one value of a list more, or less. */
export function toggled(search: AlertSearch, name: ListName, value: string): AlertSearch {
  const old = name === 'status' ? statusesOf(search) : valuesOf(search, name)
  const next = old.includes(value) ? old.filter((each) => each !== value) : [...old, value]
  return { ...search, [name]: written(name, next) }
}

function written(name: ListName, values: string[]): string | undefined {
  if (name !== 'status') return values.join(',') || undefined
  if (values.length === 0 || values.length === 3) return 'all'
  const usual = values.length === waiting.length && waiting.every((each) => values.includes(each))
  return usual ? undefined : values.join(',')
}

/** isFiltered says whether the address asks for less than the queue as it is at first. */
export const isFiltered = ({ sort: _, ...search }: AlertSearch): boolean =>
  Object.values(search).some((value) => value !== undefined)
