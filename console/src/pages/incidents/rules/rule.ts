import type { Schemas } from '@/api/client'

export type Rule = Schemas['IncidentRule']
export type RuleInput = Schemas['IncidentRuleInput']

/** Draft is a rule as a form has it. */
export interface Draft {
  name: string
  enabled: boolean
  position: number
  severities: string[]
  alert_types: string[]
  projects: string[]
  where: string
  group_by: string[]
  entity_types: string[]
  window: string
  threshold: number
  title: string
}

/** firstDraft is the rule to begin with: three alerts about the same address, user or host within five minutes. */
export const firstDraft: Draft = {
  name: '',
  enabled: true,
  position: 100,
  severities: [],
  alert_types: [],
  projects: [],
  where: '',
  group_by: ['entity'],
  entity_types: ['ip', 'user', 'host'],
  window: '5m',
  threshold: 3,
  title: '{count} related alerts: {key}',
}

/** draftOf is a rule as a form has it. */
export function draftOf(rule: Rule): Draft {
  const { severities, alert_types, projects, where } = rule.match
  return {
    name: rule.name,
    enabled: rule.enabled,
    position: rule.position,
    severities: severities ?? [],
    alert_types: alert_types ?? [],
    projects: projects ?? [],
    where: where ?? '',
    group_by: rule.group_by,
    entity_types: rule.entity_types,
    window: shortDuration(rule.window),
    threshold: rule.threshold,
    title: rule.title,
  }
}

/** inputOf is a form as the API wants it. */
export function inputOf({ severities, alert_types, projects, where, ...draft }: Draft): RuleInput {
  return {
    ...draft,
    name: draft.name.trim(),
    match: {
      ...(severities.length > 0 ? { severities } : {}),
      ...(alert_types.length > 0 ? { alert_types } : {}),
      ...(projects.length > 0 ? { projects } : {}),
      ...(where.trim() ? { where: where.trim() } : {}),
    },
  }
}

/** shortDuration leaves the zeros of a Go duration out: "5m0s" is "5m". */
export function shortDuration(text: string): string {
  return text.replace(/([hm])0s$/, '$1').replace(/(h)0m$/, '$1')
}

/** sentence says in words what a rule does. */
export function sentence({ threshold, window, group_by, entity_types }: Rule): string {
  const shared = group_by.map((each) => (each === 'entity' ? `an entity (${entity_types.join(', ')})` : each))
  return `${threshold} alerts within ${shortDuration(window)} that share ${shared.join(' and ').replaceAll('_', ' ')}`
}
