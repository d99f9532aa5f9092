import { type Field, isReference, mask, NotJSON, pathOf, type Values } from './field'
import { duration, size } from './measure'

/** Errors are messages by the path of the field: {"headers.0.value": "is required"}. */
export type Errors = Record<string, string>

/**
 * check looks values over by what their schema says, and gives what is wrong by path. The hub checks everything again, and
 * more: this is for those mistakes that can be told while somebody writes.
 */
export function check(fields: Field[], values: Values, path = ''): Errors {
  const errors: Errors = {}
  for (const field of fields) {
    const value = values[field.name]
    const at = pathOf(path, field.name)
    if (isEmpty(value)) {
      // What a required object asks for shows in its fields.
      if (field.required && field.kind !== 'object' && field.byDefault === undefined)
        errors[at] = 'is required'
      else if (field.kind === 'object' && field.required) Object.assign(errors, check(field.fields, {}, at))
      continue
    }
    Object.assign(errors, checkValue(field, value, at))
  }
  return errors
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)

function checkValue(field: Field, value: unknown, at: string): Errors {
  switch (field.kind) {
    case 'object':
      return isValues(value) ? check(field.fields, value, at) : { [at]: 'must be an object' }
    case 'list':
      return checkItems(field, value, at, (item, place) =>
        isValues(item) ? check(field.fields, item, place) : { [place]: 'must be an object' },
      )
    case 'texts':
    case 'durations':
      return checkItems(field, value, at, (item, place) => {
        const message = itemMessage(field, item)
        return message ? { [place]: message } : {}
      })
    default: {
      const message = scalarMessage(field, value)
      return message ? { [at]: message } : {}
    }
  }
}

const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function checkItems(
  field: Field,
  value: unknown,
  at: string,
  each: (item: unknown, place: string) => Errors,
): Errors {
  if (!Array.isArray(value)) return { [at]: 'must be a list' }
  if (field.most !== undefined && value.length > field.most)
    return { [at]: `must have at most ${field.most} items, has ${value.length}` }
  if (field.least !== undefined && value.length < field.least)
    return { [at]: `must have at least ${field.least} items` }
  return Object.assign({}, ...value.map((item, i) => each(item, pathOf(at, i))))
}

function itemMessage(field: Field, item: unknown): string {
  if (typeof item !== 'string') return 'must be a text'
  if (field.kind === 'durations') return duration(item) === undefined ? durationWords : ''
  return matches(field, item) ? '' : patternWords
}

const durationWords = 'must be a duration such as 30s, 5m or 24h'
const patternWords = 'is not in the form that is wanted'

function scalarMessage(field: Field, value: unknown): string {
  switch (field.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? '' : 'must be on or off'
    case 'integer':
    case 'number':
      return numberMessage(field, value)
    case 'duration':
      return measureMessage(field, value, (each) => duration(String(each)), durationWords)
    case 'size':
      return measureMessage(field, value, size, 'must be a size such as 512KiB or 16MiB')
    case 'choice':
      return field.choices.includes(String(value)) ? '' : `must be one of ${field.choices.join(', ')}`
    case 'text':
    case 'lines':
      return textMessage(field, value)
  }
  return value instanceof NotJSON ? 'must be JSON' : ''
}

function numberMessage(field: Field, value: unknown): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'must be a number'
  if (field.kind === 'integer' && !Number.isInteger(value)) return 'must be a whole number'
  if (field.least !== undefined && value < field.least) return `must be at least ${field.least}`
  if (field.most !== undefined && value > field.most) return `must be at most ${field.most}`
  return ''
}

function measureMessage(
  field: Field,
  value: unknown,
  read: (value: unknown) => number | undefined,
  words: string,
): string {
  const amount = read(value)
  if (amount === undefined) return words
  const least = field.atLeast ? read(field.atLeast) : undefined
  const most = field.atMost ? read(field.atMost) : undefined
  if (least !== undefined && amount < least) return `must be at least ${field.atLeast}`
  if (most !== undefined && amount > most) return `must be at most ${field.atMost}`
  return ''
}

function textMessage(field: Field, value: unknown): string {
  if (typeof value !== 'string') return 'must be a text'
  if (value === mask && field.secret !== 'no') return ''
  if (field.most !== undefined && value.length > field.most)
    return `must have at most ${field.most} characters, has ${value.length}`
  if (field.least !== undefined && value.length < field.least)
    return `must have at least ${field.least} characters`
  if (field.uri && field.secret === 'no') return urlMessage(field, value)
  // A secret may be a reference to where it stands instead.
  if (field.secret !== 'no' && isReference(value)) return ''
  return matches(field, value) ? '' : patternWords
}

function urlMessage(field: Field, value: string): string {
  const [, words] = /\^\(([a-z|]+)\):\/\//.exec(field.pattern) ?? []
  const schemes = words ? words.split('|') : ['https', 'http']
  const good = schemes.some((scheme) => value.toLowerCase().startsWith(`${scheme}://`))
  if (!good) return `must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`
  return URL.canParse(value) ? '' : 'must be a whole address, such as https://example.com/path'
}

/** matches holds a text to the field's pattern. One that the browser cannot read (the hub's are Go's) is left to the hub. */
function matches(field: Field, value: string): boolean {
  if (!field.pattern) return true
  try {
    return new RegExp(field.pattern, 'u').test(value)
  } catch {
    return true
  }
}
