import { describe, expect, test } from 'vitest'
import { type Field, fieldsOf, sectionsOf } from './field'

/** schema is a form as the hub writes it, with one field of each kind. */
const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['url', 'headers'],
  properties: {
    url: {
      type: 'string',
      format: 'uri',
      pattern: '^(https|http)://',
      minLength: 1,
      title: 'Target URL',
      'x-order': 1,
    },
    method: { type: 'string', enum: ['POST', 'PUT', ''], default: 'POST', 'x-order': 0 },
    token: { type: 'string', writeOnly: true, 'x-secret': true, 'x-order': 2, 'x-group': 'Credentials' },
    key: {
      type: 'string',
      format: 'pem',
      'x-multiline': true,
      'x-order': 3,
      'x-advanced': true,
      'x-group': 'Credentials',
    },
    verify: { type: 'boolean', default: true, 'x-order': 4 },
    count: { type: 'integer', minimum: 1, maximum: 9, 'x-order': 5 },
    share: { type: 'number', minimum: 0, maximum: 1, 'x-order': 6 },
    wait: { type: 'string', format: 'go-duration', 'x-minimum': '1s', 'x-maximum': '5m', 'x-order': 7 },
    room: { type: ['string', 'integer'], format: 'byte-size', 'x-maximum': '16MiB', 'x-order': 8 },
    to: { type: 'array', items: { type: 'string', pattern: '@' }, maxItems: 3, 'x-order': 9 },
    schedule: {
      type: 'array',
      items: { type: 'string', format: 'go-duration' },
      default: ['0s'],
      'x-order': 10,
    },
    headers: {
      type: 'array',
      'x-order': 11,
      items: {
        type: 'object',
        required: ['name', 'value'],
        properties: {
          value: { type: 'string', 'x-secret': 'conditional', 'x-order': 1 },
          name: { type: 'string', 'x-order': 0 },
          secret: { type: 'boolean', default: false, 'x-order': 2 },
        },
      },
    },
    batch: { type: 'object', 'x-order': 12, properties: { max: { type: 'integer', 'x-order': 0 } } },
    old: { type: 'string', deprecated: true, 'x-instead': 'Use url.', 'x-order': 13 },
    text: { type: 'string', 'x-multiline': true, 'x-order': 14 },
  },
}

const named = (fields: Field[], name: string): Field => {
  const field = fields.find((each) => each.name === name)
  if (!field) throw new Error(`no field ${name}`)
  return field
}

describe('fieldsOf', () => {
  const fields = fieldsOf(schema)

  test('keeps the order of the schema', () => {
    expect(fields.map((field) => field.name)).toEqual([
      'method',
      'url',
      'token',
      'key',
      'verify',
      'count',
      'share',
      'wait',
      'room',
      'to',
      'schedule',
      'headers',
      'batch',
      'old',
      'text',
    ])
    expect(named(fields, 'headers').fields.map((field) => field.name)).toEqual(['name', 'value', 'secret'])
  })

  test.each([
    ['method', 'choice'],
    ['url', 'text'],
    ['token', 'text'],
    ['key', 'lines'],
    ['verify', 'boolean'],
    ['count', 'integer'],
    ['share', 'number'],
    ['wait', 'duration'],
    ['room', 'size'],
    ['to', 'texts'],
    ['schedule', 'durations'],
    ['headers', 'list'],
    ['batch', 'object'],
    ['text', 'lines'],
  ])('%s is of the kind %s', (name, kind) => {
    expect(named(fields, name).kind).toBe(kind)
  })

  test('reads what a field is', () => {
    expect(named(fields, 'url')).toMatchObject({ title: 'Target URL', required: true, uri: true })
    expect(named(fields, 'method')).toMatchObject({
      title: 'method',
      choices: ['POST', 'PUT'],
      byDefault: 'POST',
    })
    expect(named(fields, 'token')).toMatchObject({ secret: 'always', group: 'Credentials' })
    expect(named(fields, 'key')).toMatchObject({ secret: 'no', pem: true, lines: true, advanced: true })
    expect(named(named(fields, 'headers').fields, 'value').secret).toBe('conditional')
    expect(named(fields, 'to')).toMatchObject({ pattern: '@', most: 3 })
    expect(named(fields, 'old')).toMatchObject({ deprecated: true, instead: 'Use url.' })
  })

  test.each([
    ['no schema', undefined],
    ['a text', 'object'],
    ['no properties', { type: 'object' }],
    ['properties that are none', { properties: { a: 'text', b: null, c: 3 } }],
  ])('gives no fields for %s', (_, given) => {
    expect(fieldsOf(given)).toEqual([])
  })

  test('passes over words that it does not know, and edits unknown types as JSON', () => {
    const [odd, either, nested] = fieldsOf({
      properties: {
        odd: { type: 'hologram', 'x-tomorrow': { deep: [1] }, oneOf: [{}], title: 7 },
        either: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
        nested: { type: 'array', items: { type: 'array', items: { type: 'string' } } },
      },
    })
    expect(odd).toMatchObject({ kind: 'json', title: 'odd' })
    expect(either).toMatchObject({ kind: 'json' })
    expect(nested).toMatchObject({ kind: 'json' })
  })

  test('ends with a schema that holds itself', () => {
    const loop: Record<string, unknown> = { type: 'object', properties: {} }
    loop.properties = { again: loop }
    let depth = 0
    for (let at = fieldsOf(loop); at.length > 0; at = at[0]?.fields ?? []) depth++
    expect(depth).toBeLessThan(20)
  })
})

test('sectionsOf begins with what has no heading, and folds what is advanced', () => {
  const sections = sectionsOf(
    fieldsOf({
      properties: {
        a: { type: 'string', 'x-group': 'Credentials', 'x-order': 0 },
        b: { type: 'string', 'x-order': 1 },
        c: { type: 'string', 'x-group': 'Connection', 'x-advanced': true, 'x-order': 2 },
        d: { type: 'string', 'x-group': 'Credentials', 'x-advanced': true, 'x-order': 3 },
      },
    }),
  )
  expect(
    sections.map(({ title, plain, advanced }) => [
      title,
      plain.map((f) => f.name),
      advanced.map((f) => f.name),
    ]),
  ).toEqual([
    ['', ['b'], []],
    ['Credentials', ['a'], ['d']],
    ['Connection', [], ['c']],
  ])
})
