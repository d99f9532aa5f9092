import { ttlWords } from '@/blocking/duration'
import { count } from '@/text/number'
import type { Rule } from './useRules'

const listed = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')

/** looksAt says in words which events a rule looks at. */
export function looksAt({ types, min_severity, alert_types, projects, where }: Rule['subscription']): string {
  const parts = [types?.length ? listed(types) : 'no events']
  if (min_severity && min_severity !== 'info') parts.push(`${min_severity} or worse`)
  if (alert_types?.length) parts.push(listed(alert_types))
  if (projects?.length) parts.push(`in ${listed(projects)}`)
  if (where) parts.push('where an expression holds')
  return parts.join(' · ')
}

/** asksFor says in words what a rule blocks. */
export function asksFor({ entity_role, ttl, max_per_hour }: Rule['block']): string {
  const role = entity_role || 'source'
  const time = ttl ? `for ${ttlWords(ttl)}` : 'for as long as the policy says'
  return `the observed ${role} address, ${time}, at most ${count(max_per_hour, 'block')} an hour`
}

/** Tally are counts of decisions. */
interface Tally {
  would_block: number
  would_ask: number
  would_refuse: number
}

/** wouldWords says what a rule would have done: "It would have blocked 3 addresses, asked about 1 and been refused 0." */
export function wouldWords({ would_block, would_ask, would_refuse }: Tally): string {
  if (would_block + would_ask + would_refuse === 0) return 'It has found nothing to block.'
  const parts = [`blocked ${count(would_block, 'address', 'addresses')}`]
  if (would_ask > 0) parts.push(`asked for approval of ${would_ask}`)
  if (would_refuse > 0) parts.push(`been refused ${would_refuse}`)
  const last = parts.pop()
  return `It would have ${parts.length > 0 ? `${parts.join(', ')} and ${last}` : last}.`
}
