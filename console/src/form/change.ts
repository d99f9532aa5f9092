import { type Field, mask, type Values } from './field'

// What a form sends: everything when something is made, and only what changed afterwards (a JSON merge patch, RFC 7396).

const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * entered gives what somebody entered, of what the hub shows: it fills defaults in, and a form shows those as what holds
 * when nothing is entered.
 */
export function entered(fields: Field[], saved: unknown): Values {
  const values: Values = {}
  if (!isValues(saved)) return values
  for (const field of fields) {
    const value = saved[field.name]
    if (value === undefined || value === null || value === '') continue
    if (field.kind === 'object') {
      const below = entered(field.fields, value)
      if (Object.keys(below).length > 0) values[field.name] = below
    } else if (field.kind === 'list') {
      const items = Array.isArray(value) ? value.map((item) => entered(field.fields, item)) : []
      if (items.length > 0) values[field.name] = items
    } else if (Array.isArray(value) && value.length === 0) {
      // nothing is entered
    } else if (!same(value, field.byDefault)) values[field.name] = value
  }
  // What the schema does not know is kept as it is.
  for (const [name, value] of Object.entries(saved)) {
    if (!fields.some((field) => field.name === name)) values[name] = value
  }
  return values
}

/** body is what makes something new: the values without what was left empty. */
export function body(fields: Field[], values: Values): Values {
  const out: Values = {}
  for (const [name, value] of Object.entries(values)) {
    const field = fields.find((each) => each.name === name)
    const kept = bodyOf(field, value)
    if (kept !== undefined) out[name] = kept
  }
  return out
}

function bodyOf(field: Field | undefined, value: unknown): unknown {
  if (value === undefined || value === null || value === '') return undefined
  if (field?.kind === 'object' && isValues(value)) {
    const below = body(field.fields, value)
    return Object.keys(below).length > 0 ? below : undefined
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return undefined
    return field?.kind === 'list'
      ? value.map((item) => (isValues(item) ? body(field.fields, item) : item))
      : value
  }
  return value
}

/**
 * patch is the merge patch that makes values of what was there before. A secret that is still masked is left out, so that the
 * hub keeps it; one that was emptied is null, and gone. A list is sent as a whole; its masked secrets are kept by the hub.
 */
export function patch(fields: Field[], before: Values, values: Values): Values {
  const out: Values = {}
  const names = new Set([...Object.keys(before), ...Object.keys(values)])
  for (const name of names) {
    const field = fields.find((each) => each.name === name)
    const was = bodyOf(field, before[name])
    const now = bodyOf(field, values[name])
    if (same(was, now)) continue
    if (now === undefined) out[name] = null
    else if (field?.kind === 'object' && isValues(now)) {
      const below = patch(field.fields, isValues(was) ? was : {}, now)
      if (Object.keys(below).length > 0) out[name] = below
    } else out[name] = now
  }
  return out
}

/** changed says whether a patch would change anything. */
export const changed = (fields: Field[], before: Values, values: Values): boolean =>
  Object.keys(patch(fields, before, values)).length > 0

/** isKept says whether a secret's place holds what the hub has, and shows to nobody. */
export const isKept = (value: unknown): boolean => value === mask
