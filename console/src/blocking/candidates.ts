import type { Schemas } from '@/api/client'

/** Candidate is an address that may be blocked, and what is known of it. */
export interface Candidate {
  value: string
  /** role is what it did in the event: source, target …; empty if nobody said. */
  role: string
  /** blocked: it is already, or a block of it waits for approval. */
  blocked?: boolean
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

/** freeFirst puts what is not blocked yet before what is; a block of what is makes it last longer. */
export function freeFirst(all: readonly Candidate[], blocked: (value: string) => boolean): Candidate[] {
  const marked = all.map((each) => (blocked(each.value) ? { ...each, blocked: true } : each))
  return marked.sort((x, y) => Number(x.blocked ?? false) - Number(y.blocked ?? false))
}

/** nameOf is what a candidate is called in a list. */
export function nameOf({ value, role, blocked }: Candidate): string {
  const known = [role, blocked ? 'blocked already' : ''].filter(Boolean).join(', ')
  return known ? `${value} (${known})` : value
}
