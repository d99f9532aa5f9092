import type { Schemas } from '@/api/client'
import { full } from '@/text/number'

type Limits = Schemas['PlanLimits']

/** LimitRow is a line of the plans' matrix. */
export interface LimitRow {
  label: string
  read: (limits: Limits) => string
}

const number = (n: number, none: string) => (n === 0 ? none : full(n))

/** limitRows are the limits that a plan has, in words. */
export const limitRows: LimitRow[] = [
  { label: 'Events a month', read: (l) => number(l.events_per_month, 'no limit') },
  {
    label: 'Above that',
    read: (l) =>
      l.events_per_month === 0 ? '–' : l.above === 'refuse' ? 'refused' : 'accepted, counted as over',
  },
  { label: 'Events a second', read: (l) => number(l.events_per_second, 'no limit') },
  { label: 'Requests a minute', read: (l) => number(l.requests_per_minute, 'no limit') },
  { label: 'Events in a request', read: (l) => number(l.batch_events, 'the hub’s limit') },
]

/**
 * connectorWords says which connectors a plan has, by their titles. One that this hub does not have is left out; titles
 * are undefined while they are not known: then the kinds stand for themselves.
 */
export function connectorWords(
  connectors: readonly string[],
  titles: ReadonlyMap<string, string> | undefined,
): string[] {
  if (connectors.includes('*')) return ['all connectors']
  const words = connectors.map((each) =>
    each.startsWith('category:')
      ? `all of ${each.slice('category:'.length).replaceAll('_', ' ')}`
      : titles
        ? titles.get(each)
        : each,
  )
  return words.filter((each) => each !== undefined)
}

/** part is which part of a limit is used, in percent and at most 100; undefined where there is no limit. */
export const part = (used: number, limit: number): number | undefined =>
  limit === 0 ? undefined : Math.min(100, (used / limit) * 100)

/** monthName writes 2026-11 as November 2026. */
export const monthName = (month: string): string => {
  const at = Date.parse(`${month}-01T00:00:00Z`)
  return Number.isNaN(at)
    ? month
    : new Date(at).toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' })
}
