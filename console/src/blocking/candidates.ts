import type { Schemas } from '@/api/client'

/** Candidate is an address that may be blocked, and what is known of it. */
export interface Candidate {
  value: string
  /** role is what it did in the event: source, target …; empty if nobody said. */
  role: string
}

/** addressTypes are the types of entities that are addresses. */
const addressTypes = ['ip', 'ipv4', 'ipv6', 'cidr']

/** isAddress says whether an entity is an address. */
export const isAddress = ({ type }: { type: string }): boolean => addressTypes.includes(type)

/**
 * candidates are the addresses that a sensor observed, sources first. What was read out of a text is no candidate: whoever
 * wrote the text would choose what is blocked.
 */
export function candidates(entities: readonly Schemas['Entity'][] | undefined): Candidate[] {
  const found = new Map<string, Candidate>()
  for (const entity of entities ?? []) {
    if (!entity.observed || !isAddress(entity) || found.has(entity.value)) continue
    found.set(entity.value, { value: entity.value, role: entity.role ?? '' })
  }
  return [...found.values()].sort((x, y) => Number(y.role === 'source') - Number(x.role === 'source'))
}
