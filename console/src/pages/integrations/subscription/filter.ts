import type { Schemas } from '@/api/client'

/** Subscription is which events an integration wants, with every part there. */
export interface Subscription {
  types: string[]
  min_severity: Schemas['EventType']['severity']
  alert_types: string[]
  projects: string[]
  include_children: boolean
  where: string
}

/** subscriptionOf fills in what the hub leaves out. */
export function subscriptionOf(given: Partial<Schemas['Integration']['subscription']> = {}): Subscription {
  return {
    types: given.types ?? [],
    min_severity: given.min_severity ?? 'info',
    alert_types: given.alert_types ?? [],
    projects: given.projects ?? [],
    include_children: given.include_children ?? false,
    where: given.where ?? '',
  }
}

/** ofItself are the categories of what Tocsin says of itself: "*" leaves them out, so that they must be named. */
const ofItself: ReadonlySet<string> = new Set(['system', 'audit'])

/** TypeGroup are the types with one first word: all of them are chosen by its wildcard. */
export interface TypeGroup {
  /** prefix is the first word, wildcard the filter for everything below it. */
  prefix: string
  wildcard: string
  types: Schemas['EventType'][]
  /** named says that these types are what Tocsin says of itself, and have to be named. */
  named: boolean
}

// Those that people choose most stand first.
const first = ['alert', 'incident', 'ip']

/** groupsOf arranges the catalogue of types by their first word: what is chosen most first, what Tocsin says of itself last. */
export function groupsOf(types: Schemas['EventType'][]): TypeGroup[] {
  const groups = new Map<string, TypeGroup>()
  for (const type of types) {
    const [prefix = ''] = type.name.split('.')
    const group = groups.get(prefix) ?? { prefix, wildcard: `${prefix}.*`, types: [], named: false }
    group.types.push(type)
    group.named ||= ofItself.has(type.category)
    groups.set(prefix, group)
  }
  const rank = (group: TypeGroup) => {
    const at = first.indexOf(group.prefix)
    return at >= 0 ? at : group.named ? 1000 : 100
  }
  return [...groups.values()].sort((a, b) => rank(a) - rank(b) || a.prefix.localeCompare(b.prefix))
}

/** covering is the filter among those chosen that brings a type, without the one that names it; undefined if none does. */
export function covering(chosen: readonly string[], type: string, named: boolean): string | undefined {
  return chosen.find((filter) => {
    if (filter === type) return false
    if (filter === '*') return !named
    return filter.endsWith('.*') && type.startsWith(filter.slice(0, -1))
  })
}

/** toggled adds a filter or takes it out. One that brings others makes those superfluous. */
export function toggled(chosen: readonly string[], filter: string, on: boolean): string[] {
  if (!on) return chosen.filter((each) => each !== filter)
  const rest = chosen.filter(
    (each) => each !== filter && !(filter.endsWith('.*') && each.startsWith(filter.slice(0, -1))),
  )
  return [...rest, filter]
}

/** found are the groups with the types that a search asks for. */
export function found(groups: TypeGroup[], search: string): TypeGroup[] {
  const wanted = search.trim().toLowerCase()
  if (!wanted) return groups
  return groups
    .map((group) => ({
      ...group,
      types: group.types.filter((type) => `${type.name} ${type.description}`.toLowerCase().includes(wanted)),
    }))
    .filter((group) => group.types.length > 0)
}
