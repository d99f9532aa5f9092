import type { Schemas } from '@/api/client'

/** targets are what a rule sets or computes, in the order of the form. */
export const targets = ['severity', 'type', 'project', 'alert_type', 'account'] as const
export type Target = (typeof targets)[number]

/** Draft is a rule as the form has it. */
export interface Draft extends Record<string, unknown> {
  name: string
  enabled: boolean
  source: string
  position: number | string
  when: string
  drop: boolean
  set: Record<Target, string> & { tags: string[]; labels: string[] }
  compute: Record<Target | 'tags' | 'labels', string>
}

/** draftOf is what the form begins with: a rule as it is, or an empty one behind the last. */
export function draftOf(rule: Schemas['MappingRule'] | undefined, position: number): Draft {
  const set = rule?.set
  const compute = rule?.compute
  const texts = (from: Partial<Record<Target, string>> | undefined) =>
    Object.fromEntries(targets.map((target) => [target, from?.[target] ?? ''])) as Record<Target, string>
  return {
    name: rule?.name ?? '',
    enabled: rule?.enabled ?? true,
    source: rule?.source ?? '*',
    position: rule?.position ?? position,
    when: rule?.when ?? '',
    drop: rule?.drop ?? false,
    set: {
      ...texts(set),
      tags: set?.tags ?? [],
      labels: Object.entries(set?.labels ?? {}).map(([name, value]) => `${name}=${value}`),
    },
    compute: { ...texts(compute), tags: compute?.tags ?? '', labels: compute?.labels ?? '' },
  }
}

const filled = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ''))

/** ruleOf makes the request of what the form has: only what is filled in, and nothing but drop for a rule that drops. */
export function ruleOf(draft: Draft): Schemas['MappingRuleInput'] {
  const { tags, labels, ...texts } = draft.set
  const named = labels.map((label): [string, string] => {
    const [name = '', ...value] = label.split('=')
    return [name.trim(), value.join('=').trim()]
  })
  const set = {
    ...filled(texts),
    ...(tags.length ? { tags } : {}),
    ...(named.length ? { labels: Object.fromEntries(named) } : {}),
  }
  return {
    name: draft.name,
    enabled: draft.enabled,
    source: draft.source || '*',
    position: Number(draft.position) || 0,
    when: draft.when.trim(),
    drop: draft.drop,
    ...(draft.drop ? {} : { set, compute: filled(draft.compute) }),
  }
}

/** patchOf is the same as a merge patch: what the form has no more is removed. */
export function patchOf(draft: Draft, old: Schemas['MappingRule']): Schemas['MappingRulePatch'] {
  const rule = ruleOf(draft)
  const gone = (now: object | undefined, before: object) =>
    Object.fromEntries(
      Object.keys(before)
        .filter((name) => !(name in (now ?? {})))
        .map((name) => [name, null]),
    )
  const labels = { ...gone(rule.set?.labels, old.set.labels ?? {}), ...rule.set?.labels }
  return {
    ...rule,
    set: {
      ...gone(rule.set, old.set),
      ...rule.set,
      ...(Object.keys(labels).length && rule.set?.labels ? { labels } : {}),
    },
    compute: { ...gone(rule.compute, old.compute), ...rule.compute },
  } as Schemas['MappingRulePatch']
}

/** effects says in few words what a rule does. */
export function effects(rule: Pick<Schemas['MappingRule'], 'drop' | 'set' | 'compute'>): string[] {
  if (rule.drop) return ['drops the event']
  const words = targets.flatMap((target) => {
    const name = target.replace('_', ' ')
    if (rule.set[target]) return [`${name} = ${rule.set[target]}`]
    if (rule.compute[target]) return [`${name} computed`]
    return []
  })
  if (rule.set.tags?.length) words.push(`tags + ${rule.set.tags.join(', ')}`)
  if (rule.compute.tags) words.push('tags computed')
  const labels = Object.entries(rule.set.labels ?? {})
  if (labels.length) words.push(`labels ${labels.map(([name, value]) => `${name}=${value}`).join(', ')}`)
  if (rule.compute.labels) words.push('labels computed')
  return words.length ? words : ['changes nothing']
}
