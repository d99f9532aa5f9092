import { type Range, sinceHours, spanOf, timeOf } from '@/filters/range'
import { looksLikeTarget } from '../words'

/** views are the ways to look at the list, by what stands in the URL; none: what is open. */
export const views = {
  open: { label: 'Open', states: ['open'] },
  active: { label: 'Active', states: ['active'] },
  pending: { label: 'Waiting for approval', states: ['pending_approval'] },
  ended: { label: 'Ended', states: ['removed', 'expired', 'rejected', 'lapsed'] },
  all: { label: 'All', states: [] },
} as const

export type View = keyof typeof views

/** BlocksSearch is what stands in the URL of the list. plan opens the dialog for a new block of that target. */
export interface BlocksSearch {
  view?: View
  q?: string
  placement?: string
  integration?: string
  rule?: string
  alert?: string
  incident?: string
  by?: string
  /** since is a span before now, such as 24h, or a time. */
  since?: string
  plan?: string
}

const texts = ['q', 'placement', 'integration', 'rule', 'alert', 'incident', 'by', 'plan'] as const

/** readBlocksSearch takes from a URL what it knows. */
export function readBlocksSearch(raw: Record<string, unknown>): BlocksSearch {
  const search: BlocksSearch = {}
  if (typeof raw.view === 'string' && Object.hasOwn(views, raw.view) && raw.view !== 'open')
    search.view = raw.view as View
  for (const name of texts) {
    const value = raw[name]
    if (typeof value === 'string' || typeof value === 'number') search[name] = String(value)
    else if (name === 'plan' && value === true) search.plan = ''
  }
  const since = spanOf(raw.since)?.last ?? timeOf(raw.since)
  if (since) search.since = since
  return search
}

/** rangeOf is the time that the URL asks for. */
export const rangeOf = ({ since }: BlocksSearch): Range => (spanOf(since) ? { last: since } : { since })

/** blocksQuery is what the API is asked for; now is the time in milliseconds. */
export function blocksQuery(search: BlocksSearch, now: number) {
  const { q, placement, integration, rule, alert, incident, by } = search
  const text = q?.trim()
  const span = spanOf(search.since)
  const since = span ? sinceHours(span.hours, now).since : search.since
  const states = views[search.view ?? 'open'].states
  return {
    ...(states.length > 0 ? { state: [...states] } : {}),
    ...(text ? (looksLikeTarget(text) ? { target: text } : { q: text }) : {}),
    ...(placement ? { placement: placement as 'verified' } : {}),
    ...(integration ? { integration } : {}),
    ...(rule ? { rule } : {}),
    ...(alert ? { alert } : {}),
    ...(incident ? { incident } : {}),
    ...(by ? { by } : {}),
    ...(since ? { since } : {}),
  }
}

/** countOf is how many blocks a view has, by the counts of states. */
export function countOf(view: View, counts: Record<string, number> | undefined): number | undefined {
  if (!counts) return undefined
  const of = (states: readonly string[]) => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
  if (view === 'open') return of(['active', 'pending_approval'])
  if (view === 'all') return of(Object.keys(counts))
  return of(views[view].states)
}

/** activeOf is how many filters narrow the list beside the view. */
export const activeOf = ({ view: _, plan: __, ...rest }: BlocksSearch): number =>
  Object.values(rest).filter(Boolean).length

/** isFiltered says whether anything but the view narrows the list. */
export const isFiltered = (search: BlocksSearch): boolean => activeOf(search) > 0
