import { expect, it } from 'vitest'
import { inWords, nextDue, scheduleOf } from './schedule'

const settings = {
  digest: {
    daily: true,
    daily_at: '07:00',
    weekly: true,
    weekly_on: 'monday',
    weekly_at: '06:00',
    timezone: 'Europe/Berlin',
  },
}

it('reads a schedule', () => {
  expect(inWords(scheduleOf(settings))).toBe('every day at 07:00, every Monday at 06:00')
  expect(inWords(scheduleOf({ digest: {} }))).toBe('')
  expect(scheduleOf({ to: [] })).toBeUndefined()
})

it.each([
  // 2026-01-02 is a Friday; Berlin is an hour ahead in winter, and two in summer.
  ['2026-01-02T05:00:00Z', '2026-01-02T06:00:00.000Z'],
  ['2026-01-02T06:00:00Z', '2026-01-03T06:00:00.000Z'],
  ['2026-01-04T10:00:00Z', '2026-01-05T05:00:00.000Z'],
  ['2026-07-01T10:00:00Z', '2026-07-02T05:00:00.000Z'],
  ['2026-03-28T10:00:00Z', '2026-03-29T05:00:00.000Z'],
])('after %s comes %s', (now, wanted) => expect(nextDue(scheduleOf(settings), Date.parse(now))).toBe(wanted))

it('comes a week later when this week’s is over', () => {
  const weekly = scheduleOf({ digest: { weekly: true, weekly_on: 'friday', weekly_at: '07:00' } })
  expect(nextDue(weekly, Date.parse('2026-01-02T08:00:00Z'))).toBe('2026-01-09T07:00:00.000Z')
})

it.each([
  [undefined],
  [scheduleOf({ digest: { daily: false } })],
  [scheduleOf({ digest: { daily: true, timezone: 'Moon/Tranquility' } })],
])('knows of none: %j', (schedule) => expect(nextDue(schedule, 0)).toBeUndefined())
