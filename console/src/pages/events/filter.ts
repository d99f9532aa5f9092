import type { Schemas } from '@/api/client'
import { type SeverityName, severities } from '@/text/Severity'

/** EventFilter is which events are listed, as the address has it. */
export interface EventFilter {
  /** type is a type, or a pattern such as alert.* */
  type?: string
  severity?: SeverityName
  project?: string
  /** since and until bound when the hub got them. */
  since?: string
  until?: string
}

const longest = 200

/** typeShape is what types and patterns are made of; the API refuses anything else. */
const typeShape = /^[\w.*-]+$/

/** filterOf takes a filter out of an address; what is no filter is left out. */
export function filterOf(search: Record<string, unknown>): EventFilter {
  const text = (name: string): string | undefined => {
    const value = search[name]
    return typeof value === 'string' && value !== '' && value.length <= longest ? value : undefined
  }
  const time = (name: string) => {
    const value = text(name)
    return value !== undefined && !Number.isNaN(Date.parse(value)) ? value : undefined
  }
  const found = {
    type: typeShape.test(text('type') ?? '') ? text('type') : undefined,
    severity: severities.find((each) => each === search.severity),
    project: text('project'),
    since: time('since'),
    until: time('until'),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as EventFilter
}

/**
 * typeMeant is the type or pattern that somebody means who has typed so far: a first word by itself stands for all that begin
 * with it, and one that begins none is no filter yet.
 */
export function typeMeant(typed: string, suggestions: readonly string[]): string {
  const text = typed.trim()
  if (text === '' || text === '*' || text.includes('.')) return text.replace(/\.$/, '.*')
  const pattern = `${text}.*`
  return suggestions.includes(pattern) ? pattern : ''
}

/** passes says whether a live event belongs into the list of a filter, as the hub itself would say. */
export function passes(
  filter: EventFilter,
  event: Pick<Schemas['Event'], 'type' | 'severity' | 'project'>,
): boolean {
  if (filter.until !== undefined) return false // what comes now is later
  if (filter.severity && event.severity !== filter.severity) return false
  if (filter.project && event.project !== filter.project) return false
  return !filter.type || matches(filter.type, event.type)
}

/** matches says whether a type is the one of a pattern: "*" is all, "alert.*" any depth below. */
function matches(pattern: string, type: string): boolean {
  if (pattern === '*') return true
  return pattern.endsWith('.*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}
