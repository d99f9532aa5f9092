import type { Errors } from './check'
import { type Field, pathOf } from './field'

/** Places are the paths of a form that errors can be shown at; a number stands for any place of a list ("headers.#.name"). */
export type Places = ReadonlySet<string>

/** placesOf gives the paths of fields, and of those below them. */
export function placesOf(fields: Field[], path: string): Places {
  const places = new Set<string>()
  for (const field of fields) {
    const at = pathOf(path, field.name)
    places.add(at)
    const below = field.kind === 'object' ? at : `${at}.#`
    if (field.kind !== 'object' && field.kind !== 'list' && !isItems(field)) continue
    if (field.kind !== 'object') places.add(below)
    for (const each of placesOf(field.fields, below)) places.add(each)
  }
  return places
}

const isItems = (field: Field): boolean => field.kind === 'texts' || field.kind === 'durations'

/** unplaced are the messages that no field of the forms can show: they are to stand above them. */
export function unplaced(errors: Errors, ...forms: Places[]): string[] {
  return Object.entries(errors)
    .filter(([path]) => {
      const general = path.replace(/\.\d+(?=\.|$)/g, '.#')
      return !forms.some((places) => places.has(path) || places.has(general))
    })
    .map(([path, message]) => (path ? `${path}: ${message}` : message))
}
