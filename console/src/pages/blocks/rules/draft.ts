import type { FieldProblem } from '@/api/problem'
import type { Rule } from './useRules'

/** Draft is a rule as the form has it. */
export interface Draft {
  name: string
  types: string[]
  min_severity: string
  alert_types: string[]
  projects: string[]
  where: string
  entity_role: string
  ttl: string
  max_per_hour: number
  integrations: string[]
  reason: string
}

/** newDraft is a rule that somebody begins to write. */
export const newDraft: Draft = {
  name: '',
  types: ['alert.created'],
  min_severity: 'high',
  alert_types: [],
  projects: [],
  where: '',
  entity_role: 'source',
  ttl: '4h',
  max_per_hour: 20,
  integrations: [],
  reason: '',
}

/** draftOf is a rule to be changed. */
export function draftOf({ name, subscription, block }: Rule): Draft {
  return {
    name,
    types: subscription.types ?? [],
    min_severity: subscription.min_severity ?? 'info',
    alert_types: subscription.alert_types ?? [],
    projects: subscription.projects ?? [],
    where: subscription.where ?? '',
    entity_role: block.entity_role || 'source',
    ttl: block.ttl ?? '',
    max_per_hour: block.max_per_hour,
    integrations: block.integrations ?? [],
    reason: block.reason ?? '',
  }
}

/** bodyOf is a draft as the API wants it. */
export function bodyOf(draft: Draft) {
  const { name, types, min_severity, alert_types, projects, where } = draft
  return {
    name: name.trim(),
    subscription: {
      types,
      min_severity: min_severity as 'high',
      alert_types,
      projects,
      where: where.trim(),
    },
    block: {
      entity_role: draft.entity_role.trim(),
      max_per_hour: draft.max_per_hour,
      integrations: draft.integrations,
      reason: draft.reason.trim(),
      ...(draft.ttl ? { ttl: draft.ttl } : {}),
    },
  }
}

/** changesWhat says whether a change is about more than the name: such a change puts a rule back into shadow mode. */
export function changesWhat(rule: Rule, draft: Draft): boolean {
  const { name: _, ...before } = draftOf(rule)
  const { name: __, ...after } = draft
  return JSON.stringify(before) !== JSON.stringify(after)
}

/** faultsOf gives the messages by the last part of a field's path: "rule.subscription.where" is "where". */
export function faultsOf(fields: readonly FieldProblem[]): Record<string, string> {
  const faults: Record<string, string> = {}
  for (const { field, message } of fields) {
    const name = field
      .replace(/\[\d+\].*$/, '')
      .split('.')
      .filter((part) => !/^\d+$/.test(part))
      .at(-1)
    if (name && !(name in faults)) faults[name] = message
  }
  return faults
}
