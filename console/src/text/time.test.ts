import { describe, expect, it } from 'vitest'
import { ago, clockTime, shortTime } from './time'

const now = Date.parse('2026-11-22T12:00:00Z')

it.each([
  ['2026-11-22T11:59:57Z', 'just now'],
  ['2026-11-22T11:59:20Z', '40s ago'],
  ['2026-11-22T11:55:00Z', '5m ago'],
  ['2026-11-22T14:00:00Z', 'in 2h'],
  ['2026-11-19T12:00:00Z', '3d ago'],
  ['2026-11-22T09:01:00Z', '2h ago'],
  ['2026-11-23T11:59:30Z', 'in 24h'],
  ['2026-11-29T11:59:30Z', 'in 7d'],
  ['2026-11-22T13:10:00Z', 'in 1h'],
  ['2026-11-22T12:59:40Z', 'in 1h'],
  ['2026-11-22T12:59:20Z', 'in 59m'],
])('%s is %s', (time, wanted) => expect(ago(Date.parse(time), now)).toBe(wanted))

describe('a short time', () => {
  // Times of the reader's zone, whatever that is.
  const at = (day: number, hour: number) => new Date(2026, 10, day, hour, 5)
  it.each([
    [at(22, 23), '23:05'],
    [at(23, 9), 'tomorrow, 09:05'],
    [at(24, 9), '24 Nov, 09:05'],
    [at(21, 9), '21 Nov, 09:05'],
  ])('%s is %s', (time, wanted) => expect(shortTime(time.toISOString(), at(22, 10).getTime())).toBe(wanted))
})

describe('by the clock', () => {
  it.each([
    [0, /^\d\d:\d\d:\d\d$/],
    [-2 * 86_400_000, /^(20|21) Nov, \d\d:\d\d$/],
  ])('%d ms from now', (from, wanted) => expect(clockTime(now + from, now)).toMatch(wanted))
})
