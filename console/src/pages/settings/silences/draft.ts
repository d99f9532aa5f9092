import type { Schemas } from '@/api/client'

export type Matcher = Schemas['SilenceMatcher']
export type MatcherField = Matcher['field']

/** matcherFields are what a silence can ask for, in words. */
export const matcherFields: { value: MatcherField; label: string }[] = [
  { value: 'rule', label: 'Rule' },
  { value: 'entity', label: 'Entity' },
  { value: 'source', label: 'Source' },
  { value: 'project', label: 'Project' },
  { value: 'severity', label: 'Severity' },
  { value: 'type', label: 'Type' },
  { value: 'alert_type', label: 'Alert type' },
  { value: 'tag', label: 'Tag' },
  { value: 'label', label: 'Label' },
  { value: 'dedup_key', label: 'Dedup key' },
  { value: 'endpoint', label: 'Endpoint' },
  { value: 'account', label: 'Account' },
]

export const matcherOps = [
  { value: '=', label: 'is' },
  { value: '!=', label: 'is not' },
  { value: 'one_of', label: 'is one of' },
  { value: 'glob', label: 'is like' },
] as const

/** Row is a matcher as the form has it; values are typed with commas between them for one_of. */
export interface Row {
  key: string
  field: MatcherField
  op: string
  name: string
  value: string
}

/** Draft is a silence as the form has it. */
export interface Draft extends Record<string, unknown> {
  matchers: Row[]
  where: string
  reason: string
  integrations: string[]
  /** minutes is how long it lasts; 0 when until says its end. */
  minutes: string
  until: string
  /** from is when it begins; empty: now. */
  from: string
}

/** About is what a silence is to be about, as an address says it. */
export type About = Partial<Record<'rule' | 'dedup_key' | 'project', string>>

/** newDraft is what the form begins with. */
export const newDraft = (about: About = {}): Draft => ({
  matchers: rowsOf(about),
  where: '',
  reason: '',
  integrations: [],
  minutes: '120',
  until: '',
  from: '',
})

function rowsOf(about: About): Row[] {
  const fields = (['rule', 'dedup_key', 'project'] as const).filter((field) => about[field])
  return (fields.length > 0 ? fields : (['rule'] as const)).map((field) => ({
    key: field,
    field,
    op: '=',
    name: '',
    value: about[field] ?? '',
  }))
}

/** waitsFor is what is still to be said before a silence can be made; none if nothing is. */
export function waitsFor({ matchers, where, minutes, until }: Draft): string | undefined {
  if (filledRows(matchers).length === 0 && where.trim() === '')
    return 'Say what it is about first: a condition, or an expression.'
  if (minutes === 'until' && !until) return 'Say until when it lasts.'
  return undefined
}

/** silenceOf makes the request of what the form has; rows without a value are left out. now is in milliseconds. */
export function silenceOf(draft: Draft, now: number): Schemas['SilenceInput'] {
  const matchers = filledRows(draft.matchers).map(
    ({ field, op, name, value }): Matcher => ({
      field,
      op: op as Matcher['op'],
      ...(field === 'label' ? { name: name.trim() } : {}),
      ...(op === 'one_of'
        ? {
            values: value
              .split(',')
              .map((each) => each.trim())
              .filter(Boolean),
          }
        : { value: value.trim() }),
    }),
  )
  const begins = draft.from ? new Date(draft.from).getTime() : now
  const ends =
    draft.minutes === 'until' ? new Date(draft.until).getTime() : begins + Number(draft.minutes) * 60_000
  return {
    ends_at: new Date(Number.isNaN(ends) ? begins : ends).toISOString(),
    ...(draft.from ? { starts_at: new Date(begins).toISOString() } : {}),
    ...(matchers.length ? { matchers } : {}),
    ...(draft.where.trim() ? { where: draft.where.trim() } : {}),
    ...(draft.reason.trim() ? { reason: draft.reason.trim() } : {}),
    ...(draft.integrations.length ? { integrations: draft.integrations } : {}),
  }
}

/** filledRows are the rows that say something. */
export const filledRows = (rows: readonly Row[]): Row[] => rows.filter((row) => row.value.trim() !== '')

/** fieldOf is where in the form what the hub says of a field belongs; empty rows are not sent, and so not counted. */
export function fieldOf(rows: readonly Row[], field: string): string {
  const path = field.replace(/^silence\./, '')
  const [, at, rest] = /^matchers\.(\d+)\.?(.*)$/.exec(path) ?? []
  if (at === undefined) return path === 'ends_at' ? 'minutes' : path === 'starts_at' ? 'from' : path
  const row = filledRows(rows)[Number(at)]
  const place = row ? rows.indexOf(row) : Number(at)
  return `matchers.${place}.${rest === 'name' || rest === 'field' || rest === 'op' ? rest : 'value'}`
}

/** inWords says what a matcher asks for. */
export function inWords({ field, op = '=', name, value, values }: Matcher): string {
  const what = matcherFields.find((each) => each.value === field)?.label.toLowerCase() ?? field
  const how = matcherOps.find((each) => each.value === op)?.label ?? op
  return `${what}${name ? ` ${name}` : ''} ${how} ${op === 'one_of' ? (values ?? []).join(', ') : (value ?? '')}`
}
