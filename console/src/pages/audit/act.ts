import type { Schemas } from '@/api/client'
import { count } from '@/text/number'
import type { Tone } from '@/text/State'

/** Act is an audited act. */
export type Act = Schemas['Act']

const tones: Record<string, Tone> = {
  ok: 'good',
  failed: 'bad',
  refused: 'warn',
  running: 'busy',
  unknown: 'warn',
}

/** outcomeTone is what an outcome means. */
export const outcomeTone = (outcome: string): Tone => tones[outcome] ?? 'calm'

const meanings: Record<string, string> = {
  ok: 'It was done.',
  failed: 'It was attempted and failed.',
  refused: 'It was not allowed, or the request was invalid.',
  running: 'It has not ended yet.',
  unknown: 'The hub ended before it was known: look at the target.',
}

/** outcomeMeaning says what an outcome means, in a sentence. */
export const outcomeMeaning = (outcome: string): string => meanings[outcome] ?? ''

/** nameOf names who acted. */
export function nameOf(actor: Act['actor']): string {
  if (actor.name) return actor.name
  if (actor.kind === 'system') return 'the hub itself'
  if (actor.kind === 'local') return 'a user at the command line'
  return actor.id ?? actor.kind
}

const kinds: Record<string, string> = {
  key: 'API key',
  user: 'person',
  local: 'command line',
  system: 'the hub',
  integration: 'integration',
}

/** kindOf says what sort of actor it is. */
export const kindOf = (actor: Act['actor']): string => kinds[actor.kind] ?? actor.kind

/** Change is one field that an act changed; a side that is not there was not there then. */
export interface Change {
  field: string
  before?: unknown
  after?: unknown
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * changesOf puts before and after side by side, field by field, by name. undefined when either is no object: then they
 * are shown whole.
 */
export function changesOf({ before, after }: Pick<Act, 'before' | 'after'>): Change[] | undefined {
  if ((before !== undefined && !isObject(before)) || (after !== undefined && !isObject(after)))
    return undefined
  const old = before ?? {}
  const now = after ?? {}
  const fields = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort()
  return fields.map((field) => ({ field, before: old[field], after: now[field] }))
}

/** names are the fields of what was acted on that name it to people, the best first. */
const names = ['name', 'title', 'target', 'email']

/**
 * subjectOf names what was acted on by what the record has of it: its name, title or range, or how many deliveries were
 * chosen. undefined where it has nothing of the kind.
 */
export function subjectOf({
  action,
  before,
  after,
}: Pick<Act, 'action' | 'before' | 'after'>): string | undefined {
  for (const side of [after, before]) {
    if (!isObject(side)) continue
    if (Array.isArray(side.targets) && typeof side.targets[0] === 'string')
      return side.targets.length === 1 ? side.targets[0] : `${side.targets[0]} and more`
    // A silence has no name; people know it by its reason.
    for (const name of action.startsWith('silence.') ? ['reason'] : names) {
      const text = side[name]
      if (typeof text === 'string' && text !== '') return text
    }
  }
  if (!action.startsWith('mailbox.') || !isObject(after)) return undefined
  if (Array.isArray(after.ids)) return count(after.ids.length, 'delivery', 'deliveries')
  return isObject(after.filter) ? 'all that match a filter' : undefined
}

/** groups are what acts are about, as a filter by action takes them. */
export const groups: { value: string; label: string }[] = [
  { value: 'account.*', label: 'Accounts' },
  { value: 'alert.*', label: 'Alerts' },
  { value: 'api_key.*', label: 'API keys' },
  { value: 'audit.*', label: 'The audit record' },
  { value: 'backup.*', label: 'Backups' },
  { value: 'block.*', label: 'Blocks' },
  { value: 'delivery.*', label: 'Deliveries' },
  { value: 'incident.*', label: 'Incidents' },
  { value: 'incident_rule.*', label: 'Incident rules' },
  { value: 'integration.*', label: 'Integrations' },
  { value: 'job.*', label: 'Jobs' },
  { value: 'mailbox.*', label: 'Mailbox' },
  { value: 'mapping.*', label: 'Severity mapping' },
  { value: 'never_block.*', label: 'Never-block list' },
  { value: 'project.*', label: 'Projects' },
  { value: 'responder.*', label: 'Responders' },
  { value: 'response.*', label: 'Response' },
  { value: 'response_rule.*', label: 'Response rules' },
  { value: 'secrets.*', label: 'Secrets' },
  { value: 'session.*', label: 'Sessions' },
  { value: 'silence.*', label: 'Silences' },
  { value: 'source.*', label: 'Sources' },
  { value: 'user.*', label: 'People' },
]
