import type { Schemas } from '@/api/client'
import { type Group, groupOf, groups } from '../data/groups'
import type { CatalogueSearch } from '../search'

/** Shelf is a group of the catalogue with its connectors. */
export interface Shelf {
  group: Group
  connectors: Schemas['Connector'][]
}

/** grouped arranges the connectors that a search asks for, in the order of the groups. Groups without any are left out. */
export function grouped(connectors: Schemas['Connector'][], { q, group }: CatalogueSearch): Shelf[] {
  const wanted = q?.trim().toLowerCase()
  const shelves = new Map<string, Shelf>(groups.map((each) => [each.name, { group: each, connectors: [] }]))
  for (const connector of connectors) {
    if (group && connector.group !== group) continue
    if (wanted && !words(connector).includes(wanted)) continue
    const shelf = shelves.get(connector.group) ?? { group: groupOf(connector.group), connectors: [] }
    shelf.connectors.push(connector)
    shelves.set(connector.group, shelf)
  }
  return [...shelves.values()].filter((shelf) => shelf.connectors.length > 0)
}

const words = (connector: Schemas['Connector']): string =>
  [connector.title, connector.kind, connector.summary, connector.category, connector.group]
    .join('\n')
    .toLowerCase()
