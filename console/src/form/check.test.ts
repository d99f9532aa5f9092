import { describe, expect, test } from 'vitest'
import { check } from './check'
import { fieldsOf, mask, NotJSON, type Values } from './field'

const properties = {
  url: { type: 'string', format: 'uri', pattern: '^(https|http)://', minLength: 1 },
  method: { type: 'string', enum: ['POST', 'PUT', ''], default: 'POST' },
  token: { type: 'string', 'x-secret': true, pattern: '^xoxb-', maxLength: 20 },
  count: { type: 'integer', minimum: 1, maximum: 9 },
  share: { type: 'number', minimum: 0, maximum: 1 },
  wait: { type: 'string', format: 'go-duration', 'x-minimum': '1s', 'x-maximum': '5m' },
  room: { type: ['string', 'integer'], format: 'byte-size', 'x-minimum': '1KiB', 'x-maximum': '16MiB' },
  index: { type: 'string', pattern: '^$|^[a-z]+$', maxLength: 5 },
  to: { type: 'array', items: { type: 'string', pattern: '@' }, maxItems: 2 },
  schedule: { type: 'array', items: { type: 'string', format: 'go-duration' } },
  headers: {
    type: 'array',
    items: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', minLength: 1 },
        value: { type: 'string', 'x-secret': 'conditional' },
      },
    },
  },
  quiet: { type: 'object', required: ['from'], properties: { from: { type: 'string', minLength: 1 } } },
  any: { anyOf: [] },
  perl: { type: 'string', pattern: '(?i)^a' },
}
const fields = fieldsOf({ properties, required: ['url'] })
const good: Values = { url: 'https://example.com' }

describe('check', () => {
  test.each<[string, Values, Record<string, string>]>([
    ['what is good', good, {}],
    ['nothing', {}, { url: 'is required' }],
    ['an empty text', { url: '' }, { url: 'is required' }],
    ['another scheme', { url: 'ftp://example.com' }, { url: 'must begin with https:// or http://' }],
    ['no address', { url: 'https://' }, { url: 'must be a whole address, such as https://example.com/path' }],
    ['a choice that is none', { ...good, method: 'GET' }, { method: 'must be one of POST, PUT' }],
    ['a secret that is kept', { ...good, token: mask }, {}],
    ['a reference to a secret', { ...good, token: 'env:SLACK_TOKEN' }, {}],
    ['a secret of another form', { ...good, token: 'abc' }, { token: 'is not in the form that is wanted' }],
    [
      'a long secret, without telling it',
      { ...good, token: 'xoxb-'.padEnd(21, 'a') },
      { token: 'must have at most 20 characters, has 21' },
    ],
    ['a part of a whole number', { ...good, count: 1.5 }, { count: 'must be a whole number' }],
    ['a number that is too small', { ...good, count: 0 }, { count: 'must be at least 1' }],
    ['a number that is too great', { ...good, share: 1.1 }, { share: 'must be at most 1' }],
    ['a text for a number', { ...good, count: 'three' }, { count: 'must be a number' }],
    ['zero where zero may be', { ...good, share: 0 }, {}],
    ['a duration', { ...good, wait: '1m30s' }, {}],
    ['no duration', { ...good, wait: '5 minutes' }, { wait: 'must be a duration such as 30s, 5m or 24h' }],
    ['a duration that is too long', { ...good, wait: '301s' }, { wait: 'must be at most 5m' }],
    ['a duration that is too short', { ...good, wait: '999ms' }, { wait: 'must be at least 1s' }],
    ['a size', { ...good, room: '16MiB' }, {}],
    ['a size as a number', { ...good, room: 1024 }, {}],
    ['a size that is too small', { ...good, room: '1023' }, { room: 'must be at least 1KiB' }],
    ['a size that is too great', { ...good, room: '17MiB' }, { room: 'must be at most 16MiB' }],
    ['a text of another form', { ...good, index: 'A1' }, { index: 'is not in the form that is wanted' }],
    ['too many items', { ...good, to: ['a@b', 'c@d', 'e@f'] }, { to: 'must have at most 2 items, has 3' }],
    ['a wrong item', { ...good, to: ['a@b', 'nobody'] }, { 'to.1': 'is not in the form that is wanted' }],
    [
      'a wrong duration in a list',
      { ...good, schedule: ['0s', 'x'] },
      { 'schedule.1': 'must be a duration such as 30s, 5m or 24h' },
    ],
    [
      'an item without what it needs',
      { ...good, headers: [{ name: 'a' }, { value: 'b' }] },
      { 'headers.1.name': 'is required' },
    ],
    ['no object in a list', { ...good, headers: ['a'] }, { 'headers.0': 'must be an object' }],
    ['an optional object that nobody began', { ...good, quiet: undefined }, {}],
    ['an optional object that is begun', { ...good, quiet: { other: 1 } }, { 'quiet.from': 'is required' }],
    ['what is no JSON', { ...good, any: new NotJSON('{') }, { any: 'must be JSON' }],
    ['a pattern that browsers do not know', { ...good, perl: 'zzz' }, {}],
  ])('%s', (_, values, errors) => {
    expect(check(fields, values)).toEqual(errors)
  })

  test('names fields from where they stand in the request', () => {
    expect(check(fields, {}, 'settings')).toEqual({ 'settings.url': 'is required' })
  })
})
