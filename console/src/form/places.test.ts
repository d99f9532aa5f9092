import { expect, test } from 'vitest'
import { fieldsOf } from './field'
import { placesOf, unplaced } from './places'

const fields = fieldsOf({
  properties: {
    url: { type: 'string' },
    to: { type: 'array', items: { type: 'string' } },
    batch: { type: 'object', properties: { max: { type: 'integer' } } },
    headers: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
  },
})

test('every error has a place at its field, or above the form', () => {
  const errors = {
    'settings.url': 'is required',
    'settings.to.12': 'is no address',
    'settings.batch.max': 'is too great',
    'settings.headers.3.name': 'is required',
    'settings.headers.3': 'must be an object',
    'settings.unknown': 'is not a known field',
    settings: 'cannot work',
    '': 'is too large',
  }
  expect(unplaced(errors, placesOf(fields, 'settings'))).toEqual([
    'settings.unknown: is not a known field',
    'settings: cannot work',
    'is too large',
  ])
})
