import { $api, type Schemas } from '@/api/client'

/** Technique is a technique or a sub-technique of ATT&CK. */
export type Technique = Schemas['AttackTechnique']

const day = 86_400_000

/**
 * useTechniques gives the techniques of ATT&CK by their id; an id that it does not know is a sender's own. The list belongs
 * to the version of the hub, so that it is read once a day.
 */
export function useTechniques(): Listed {
  const { data } = $api.useQuery('get', '/api/v1/attack/techniques', undefined, {
    staleTime: day,
    gcTime: day,
  })
  return data ? listed(data) : nothing
}

interface Listed {
  byID: ReadonlyMap<string, Technique>
  attribution: string
}

const nothing: Listed = { byID: new Map(), attribution: '' }

// Lists show many techniques, and all of them ask: they are put in order once for each answer of the hub.
const known = new WeakMap<object, Listed>()

function listed(data: { items: Technique[]; attribution: string }): Listed {
  let found = known.get(data)
  if (!found) {
    found = { byID: new Map(data.items.map((each) => [each.id, each])), attribution: data.attribution }
    known.set(data, found)
  }
  return found
}

/** techniqueName is "Brute Force: Password Guessing" for a sub-technique, and the name for a technique; empty if unknown. */
export function techniqueName(byID: ReadonlyMap<string, Technique>, id: string): string {
  const name = byID.get(id)?.name ?? ''
  const [parent, sub] = id.split('.')
  const above = sub === undefined ? undefined : byID.get(parent ?? '')?.name
  return name && above ? `${above}: ${name}` : name
}

/** tacticLabel writes a tactic as people do: "credential-access" is "Credential access". */
export function tacticLabel(tactic: string): string {
  const words = tactic.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
