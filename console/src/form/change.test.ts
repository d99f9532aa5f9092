import { describe, expect, test } from 'vitest'
import { body, entered, patch } from './change'
import { fieldsOf, mask, type Values } from './field'

const fields = fieldsOf({
  properties: {
    url: { type: 'string' },
    method: { type: 'string', enum: ['POST', 'PUT', ''], default: 'POST' },
    verify: { type: 'boolean', default: true },
    token: { type: 'string', 'x-secret': true, writeOnly: true },
    to: { type: 'array', items: { type: 'string' } },
    batch: {
      type: 'object',
      properties: { max: { type: 'integer', default: 100 }, key: { type: 'string', 'x-secret': true } },
    },
    headers: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          value: { type: 'string', 'x-secret': 'conditional' },
          secret: { type: 'boolean', default: false },
        },
      },
    },
  },
})

/** shown is what the hub answers: secrets masked, defaults filled in. */
const shown = {
  url: 'https://a.example',
  method: 'POST',
  verify: true,
  token: mask,
  to: [],
  batch: { max: 100 },
  headers: [{ name: 'X-Team', value: mask, secret: true }],
}

test('entered leaves out what holds by default', () => {
  expect(entered(fields, shown)).toEqual({
    url: 'https://a.example',
    token: mask,
    headers: [{ name: 'X-Team', value: mask, secret: true }],
  })
})

test('entered keeps what the schema does not know', () => {
  expect(entered(fields, { later: { a: 1 } })).toEqual({ later: { a: 1 } })
})

test('body leaves out what is empty, at every depth', () => {
  expect(
    body(fields, {
      url: 'u',
      token: '',
      to: [],
      batch: { max: undefined },
      headers: [{ name: 'a', value: '' }],
    }),
  ).toEqual({ url: 'u', headers: [{ name: 'a' }] })
})

describe('patch', () => {
  const before = entered(fields, shown)
  test.each<[string, Values, Values]>([
    ['nothing', {}, {}],
    ['another address', { url: 'https://b.example' }, { url: 'https://b.example' }],
    ['an emptied text', { url: '' }, { url: null }],
    ['a secret that is kept is left out', { token: mask }, {}],
    ['a secret that is replaced', { token: 'new' }, { token: 'new' }],
    ['a secret that is removed', { token: '' }, { token: null }],
    ['what differs from the default', { verify: false }, { verify: false }],
    ['one part of an object', { batch: { max: 5 } }, { batch: { max: 5 } }],
    [
      'a list as a whole, with its masks',
      {
        headers: [
          { name: 'X-Team', value: mask, secret: true },
          { name: 'X-New', value: 'v' },
        ],
      },
      {
        headers: [
          { name: 'X-Team', value: mask, secret: true },
          { name: 'X-New', value: 'v' },
        ],
      },
    ],
    ['a list without items', { headers: undefined }, { headers: null }],
  ])('%s', (_, change, expected) => {
    expect(patch(fields, before, { ...before, ...change })).toEqual(expected)
  })

  test('a nested secret that is kept goes along with nothing', () => {
    const was = { batch: { max: 5, key: mask } }
    expect(patch(fields, was, { batch: { max: 6, key: mask } })).toEqual({ batch: { max: 6 } })
    expect(patch(fields, was, { batch: { max: 5, key: '' } })).toEqual({ batch: { key: null } })
  })
})
