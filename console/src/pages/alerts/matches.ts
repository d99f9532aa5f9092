import type { Schemas } from '@/api/client'
import type { Filter } from './search'

export type Alert = Schemas['Alert']

/** oneOf says whether a value is among the wanted; "none" stands for no value, and no wanted ones for all. */
function oneOf(wanted: readonly string[] | undefined, value: string | undefined): boolean {
  return !wanted || wanted.length === 0 || wanted.includes(value || 'none')
}

/**
 * stillMatches says whether an alert that the filter let through would be let through as it is now. Its words, tags, rule
 * and entities are not asked again: they only grow.
 */
export function stillMatches(alert: Alert, filter: Filter): boolean {
  return (
    oneOf(filter.status, alert.status) &&
    oneOf(filter.severity, alert.severity) &&
    oneOf(filter.alert_type, alert.alert_type) &&
    oneOf(filter.project, alert.project) &&
    oneOf(filter.source, alert.source) &&
    oneOf(filter.assignee, alert.assignee) &&
    oneOf(filter.country, alert.country) &&
    (!filter.incident || alert.incident === filter.incident)
  )
}

/**
 * matches says whether the filter lets an alert through that nobody has asked the hub about. Words are looked for in what
 * lists show of alerts, which leaves out the description: it may miss one, and the hub has the last word.
 */
export function matches(alert: Alert, filter: Filter): boolean {
  if (!stillMatches(alert, filter)) return false
  const seen = Date.parse(alert.last_seen)
  if (filter.since && seen < Date.parse(filter.since)) return false
  if (filter.until && seen >= Date.parse(filter.until)) return false
  if (filter.mitre?.length && !filter.mitre.some((id) => hasTechnique(alert, id))) return false
  if (filter.tag && !alert.tags?.includes(filter.tag)) return false
  if (filter.rule && filter.rule !== alert.rule?.id && filter.rule !== alert.rule?.name) return false
  if (filter.entity && !hasEntity(alert, filter.entity)) return false
  return !filter.q || hasWords(alert, filter.q)
}

const hasTechnique = (alert: Alert, id: string): boolean =>
  alert.mitre?.some((each) => each === id || each.startsWith(`${id}.`)) ?? false

const hasEntity = (alert: Alert, wanted: string): boolean =>
  alert.entities?.some(({ type, value }) => value === wanted || `${type}:${value}` === wanted) ?? false

function hasWords(alert: Alert, words: string): boolean {
  const text = [
    alert.title,
    alert.dedup_key,
    alert.rule?.id,
    alert.rule?.name,
    ...(alert.entities ?? []).map(({ value }) => value),
  ]
    .join('\n')
    .toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
