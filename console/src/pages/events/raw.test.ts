import { describe, expect, it } from 'vitest'
import { asSent, envelopeOf } from './raw'

describe('asSent', () => {
  it.each<[string, Parameters<typeof asSent>[0], string | undefined]>([
    ['lays JSON out', { raw: '{"a":1}' }, '{\n  "a": 1\n}'],
    [
      'leaves numbers that would lose digits',
      { raw: '{"a":12345678901234567890}' },
      '{"a":12345678901234567890}',
    ],
    ['leaves repeated names', { raw: '{"a":1,"a":2}' }, '{"a":1,"a":2}'],
    ['leaves what is no JSON', { raw: '<34>Oct 11 su: failed' }, '<34>Oct 11 su: failed'],
    ['gives bytes as base64', { raw_base64: '/w==' }, '/w=='],
    ['knows when nobody sent it', {}, undefined],
  ])('%s', (_, event, want) => expect(asSent(event)?.text).toBe(want))
})

it('the envelope is without the bytes', () => {
  const event = { id: 'evt_1', raw: '{}' } as unknown as Parameters<typeof envelopeOf>[0]
  expect(envelopeOf(event)).toEqual({ id: 'evt_1' })
})
