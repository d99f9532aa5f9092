import type { Schemas } from '@/api/client'
import type { Values } from '@/form/field'

type Age = Schemas['Integration']['secrets'][number]

/**
 * ageOf finds since when a secret is set, by its path in the form ("settings.headers.0.value"). While the items of a list are
 * being changed, one may stand where another was; of such nothing is said.
 */
export function ageOf(ages: readonly Age[], path: string, before: Values, now: Values): Age | undefined {
  const field = path.replace(/^settings\./, '')
  const age = ages.find((each) => each.field === field)
  return age && JSON.stringify(itemOf(before, field)) === JSON.stringify(itemOf(now, field)) ? age : undefined
}

/** itemOf gives the item of a list that a field is in; undefined for one that is in none. */
function itemOf(values: Values, field: string): unknown {
  let item: unknown
  let at: unknown = values
  for (const part of field.split('.')) {
    if (typeof at !== 'object' || at === null) return item
    at = (at as Values)[part]
    if (/^\d+$/.test(part)) item = at
  }
  return item
}
