import { expect, it } from 'vitest'
import { ago, shortTime } from './time'

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
])('%s is %s', (time, wanted) => expect(ago(Date.parse(time), now)).toBe(wanted))

it('says the day of a time only if it is more than a day away', () => {
  expect(shortTime('2026-11-23T11:59:00Z', now)).toMatch(/^\d\d:\d\d$/)
  expect(shortTime('2026-11-29T11:59:00Z', now)).toMatch(/^\d+ Nov, \d\d:\d\d$/)
})
