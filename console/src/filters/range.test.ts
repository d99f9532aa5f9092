import { describe, expect, it } from 'vitest'
import { rangeInWords, sinceHours, spanOf, timeOf } from './range'

describe('a span in words', () => {
  it.each([
    [{}, /^Any time$/],
    [{ last: '24h' }, /^Last 24 hours$/],
    [{ last: 'P3D' }, /^Last P3D$/],
    [{ since: '2026-11-22T10:00:00Z' }, /^Since 22 Nov, \d\d:00$/],
    [{ until: '2026-11-22T10:00:00Z' }, /^Until 22 Nov, \d\d:00$/],
    [{ since: '2026-11-20T10:00:00Z', until: '2026-11-22T10:00:00Z' }, /^20 Nov, \d\d:00 – 22 Nov, \d\d:00$/],
  ])('%j', (range, words) => expect(rangeInWords(range)).toMatch(words))
})

it('knows the spans that an address may name', () => {
  expect(spanOf('7d')?.hours).toBe(168)
  expect(spanOf('toString')).toBeUndefined()
})

it('begins so many hours ago, and is open at its end', () =>
  expect(sinceHours(24, Date.UTC(2026, 10, 22, 12))).toEqual({ since: '2026-11-21T12:00:00.000Z' }))

it.each([
  ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00Z'],
  ['yesterday-ish', undefined],
  [7, undefined],
  [undefined, undefined],
])('takes a time from an address: %j', (text, time) => expect(timeOf(text)).toBe(time))
