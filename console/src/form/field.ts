/** Values are what a form holds: JSON, with the mask where a secret is kept. */
export type Values = Record<string, unknown>

/** Kind is how a field is edited. json is for whatever the schema says that forms do not know. */
export type Kind =
  | 'text'
  | 'lines'
  | 'choice'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'duration'
  | 'size'
  | 'texts'
  | 'durations'
  | 'object'
  | 'list'
  | 'json'

/** Field is one field of a form, as a schema declares it. Texts are of the hub's own connectors, never of an event. */
export interface Field {
  name: string
  title: string
  help: string
  kind: Kind
  group: string
  advanced: boolean
  required: boolean
  /** secret: its value is never shown again. conditional: a field beside it decides. */
  secret: 'no' | 'always' | 'conditional'
  /** made: whoever fills the form in makes the secret up, and the form can do it for them. */
  made: boolean
  /** lines: a text of several lines, such as a certificate. */
  lines: boolean
  pem: boolean
  uri: boolean
  choices: string[]
  /** byDefault is what holds when nothing is entered; undefined if nothing does. */
  byDefault: unknown
  example: string
  /** deprecated says that it is going away, instead of it what is to be used (or ''). */
  deprecated: boolean
  instead: string
  pattern: string
  /** least and most bound a number, the length of a text, or the items of a list. */
  least: number | undefined
  most: number | undefined
  /** atLeast and atMost bound a duration or a size, as text: "100ms", "16MiB". */
  atLeast: string
  atMost: string
  /** fields are those of an object, or of each item of a list. */
  fields: Field[]
}

/** mask is what the hub shows instead of a secret. Sent back, it means: keep what you have. */
export const mask = '********'

/** isReference says whether a text names where a secret stands ("env:NAME", "file:/path") and is none itself. */
export const isReference = (text: string): boolean => /^(env|file):/.test(text)

type Raw = Record<string, unknown>

const isObject = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const numeric = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []

/** deepest is how many objects within objects are read; the hub's forms have three. */
const deepest = 8

/** fieldsOf reads the fields of a JSON Schema, in its order. What it does not know, it passes over. */
export function fieldsOf(schema: unknown, depth = 0): Field[] {
  if (!isObject(schema) || !isObject(schema.properties) || depth > deepest) return []
  const required = texts(schema.required)
  return Object.entries(schema.properties)
    .filter((entry): entry is [string, Raw] => isObject(entry[1]))
    .map(([name, property], i) => ({
      order: numeric(property['x-order']) ?? i,
      field: fieldOf(name, property, required.includes(name), depth),
    }))
    .sort((a, b) => a.order - b.order)
    .map(({ field }) => field)
}

function fieldOf(name: string, p: Raw, required: boolean, depth: number): Field {
  const kind = kindOf(p)
  const items = isObject(p.items) ? p.items : {}
  const bounded = kind === 'texts' || kind === 'durations' ? items : p
  return {
    name,
    title: text(p.title) || name,
    help: text(p.description),
    kind,
    group: text(p['x-group']),
    advanced: p['x-advanced'] === true,
    required,
    secret:
      p['x-secret'] === 'conditional'
        ? 'conditional'
        : p['x-secret'] || p.writeOnly === true
          ? 'always'
          : 'no',
    made: p['x-made'] === 'whsec',
    lines: p['x-multiline'] === true || p.format === 'pem',
    pem: p.format === 'pem',
    uri: p.format === 'uri',
    choices: texts(p.enum).filter((each) => each !== ''),
    byDefault: p.default,
    example: texts(p.examples)[0] ?? '',
    deprecated: p.deprecated === true,
    instead: text(p['x-instead']),
    pattern: text(bounded.pattern),
    least: numeric(p.minimum) ?? numeric(p.minLength) ?? numeric(p.minItems),
    most: numeric(p.maximum) ?? numeric(p.maxLength) ?? numeric(p.maxItems),
    atLeast: text(p['x-minimum']),
    atMost: text(p['x-maximum']),
    fields: kind === 'object' ? fieldsOf(p, depth + 1) : kind === 'list' ? fieldsOf(items, depth + 1) : [],
  }
}

function kindOf(p: Raw): Kind {
  const types = typeof p.type === 'string' ? [p.type] : texts(p.type)
  if (p.format === 'byte-size') return 'size'
  if (p.format === 'go-duration') return 'duration'
  const [type] = types
  switch (type) {
    case 'string':
      if (Array.isArray(p.enum)) return 'choice'
      return p['x-multiline'] === true || p.format === 'pem' ? 'lines' : 'text'
    case 'boolean':
    case 'integer':
    case 'number':
      return type
    case 'object':
      return isObject(p.properties) ? 'object' : 'json'
    case 'array':
      return listKind(isObject(p.items) ? p.items : {})
  }
  return 'json'
}

function listKind(items: Raw): Kind {
  if (items.type === 'object' && isObject(items.properties)) return 'list'
  if (items.type !== 'string') return 'json'
  return items.format === 'go-duration' ? 'durations' : 'texts'
}

/** Section is a part of a form under one heading; '' is the part without one, which comes first. */
export interface Section {
  title: string
  plain: Field[]
  /** advanced are the fields that most people leave alone. */
  advanced: Field[]
}

/**
 * sectionsOf arranges fields in sections, in the order in which they first appear. Advanced objects without a group, such
 * as how batches are made, come last, under their own title.
 */
export function sectionsOf(fields: Field[]): Section[] {
  const sections: Section[] = []
  for (const field of fields) {
    let section = sections.find((each) => each.title === field.group)
    if (!section) {
      section = { title: field.group, plain: [], advanced: [] }
      sections.push(section)
    }
    if (field.advanced) section.advanced.push(field)
    else section.plain.push(field)
  }
  return sections.sort((a, b) => Number(a.title !== '') - Number(b.title !== ''))
}

/** NotJSON is what was written into a field for JSON, and is none. */
export class NotJSON {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** pathOf joins a path: "headers", 0, "value" is "headers.0.value". */
export const pathOf = (path: string, name: string | number): string => (path ? `${path}.${name}` : `${name}`)
