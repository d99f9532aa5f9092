import { describe, expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { held, linesOf, rate, sparkOf } from './lines'

const begin = Date.parse('2026-11-22T10:00:00Z')
const at = (seconds: number) => new Date(begin + seconds * 1_000).toISOString()

const point = (seconds: number, received: number, more: Partial<Schemas['PulsePoint']> = {}) => ({
  at: at(seconds),
  received,
  delivered: 0,
  failed: 0,
  retried: 0,
  backlog: 0,
  mailbox: 0,
  ...more,
})

const pulse = (points: Schemas['PulsePoint'][], from = -3_600): Schemas['Pulse'] => ({
  window: '1h',
  step_seconds: 10,
  from: at(from),
  points,
  now: { backlog: 0, delivered_per_second: 0, failing: 0, mailbox: 0, received_per_second: 0 },
})

/** minute are the points of a minute, each of which received so many. */
const minute = (from: number, received: number) =>
  [0, 10, 20, 30, 40, 50].map((more) => point(from + more, received))

describe('linesOf', () => {
  it('gives rates of whole minutes, and a gap where the hub was not up', () => {
    const lines = linesOf(pulse([...minute(-240, 20), ...minute(-120, 5)]), begin - 60_001)
    expect(lines.times).toHaveLength(16)
    expect(lines.received.slice(-3)).toEqual([2, null, 0.5])
    expect(lines.received[0]).toBeNull()
  })

  it('counts only the time in which the hub was up', () => {
    const lines = linesOf(pulse([point(-20, 10, { failed: 1 }), point(-10, 10)]), begin - 1)
    expect(lines.received.at(-1)).toBe(1)
    expect(lines.failed.at(-1)).toBe(3)
  })

  it('counts of the step that goes on only what is over of it', () => {
    const lines = linesOf(pulse([point(0, 12), point(10, 8, { partial: true })]), begin + 16_000)
    expect(lines.received.at(-1)).toBe(20 / 16)
  })

  it('leaves out a step that has only just begun', () => {
    const lines = linesOf(pulse([...minute(-60, 10), point(0, 8, { partial: true })]), begin + 9_000)
    expect(lines.received.at(-1)).toBe(1)
    expect(lines.times.at(-1)).toBe(begin / 1_000 - 60)
  })

  it('takes the times of most deliveries, and of the slowest', () => {
    const lines = linesOf(
      pulse([
        point(-30, 1, { delivered: 1, p50_ms: 900, p99_ms: 950 }),
        point(-20, 1, { delivered: 9, p50_ms: 2, p99_ms: 4 }),
        point(-10, 1),
      ]),
      begin - 1,
    )
    expect([lines.p50.at(-1), lines.p99.at(-1)]).toEqual([2, 950])
    expect(lines.p50.at(-2)).toBeNull()
  })

  it('has the backlog and the mailbox as they were in the end', () => {
    const lines = linesOf(pulse([point(-20, 0, { backlog: 9 }), point(-10, 0, { mailbox: 2 })]), begin - 1)
    expect([lines.backlog.at(-1), lines.mailbox.at(-1)]).toEqual([0, 2])
  })

  it('takes the steps of longer windows as they are', () => {
    const day = { ...pulse([point(-300, 600)]), step_seconds: 300 }
    expect(linesOf(day, begin - 1).received.at(-1)).toBe(2)
  })

  it('never goes back behind the window', () => {
    const lines = linesOf(pulse([...minute(-120, 1), ...minute(-60, 1)], -120), begin - 1)
    expect(lines.times).toEqual([begin / 1_000 - 120, begin / 1_000 - 60])
  })

  it('keeps its lines equally long, and times growing', () => {
    const { times, ...rest } = linesOf(pulse([point(-600, 1), point(-30, 1)]), begin)
    for (const line of Object.values(rest)) expect(line).toHaveLength(times.length)
    expect([...times].sort((a, b) => a - b)).toEqual(times)
  })
})

it('what is not known is held from before', () =>
  expect(held([null, 3, null, null, 5])).toEqual([null, 3, 3, 3, 5]))

describe('sparkOf', () => {
  const step = (3_600 / 48) * 1_000
  it('puts what was delivered into its step, the newest last', () => {
    const points = [
      { at: new Date(begin - 10 * step).toISOString(), delivered: 3, failed: 0, retried: 0 },
      { at: at(-1), delivered: 5, failed: 0, retried: 0 },
      { at: at(-7_200), delivered: 9, failed: 0, retried: 0 },
    ]
    const values = sparkOf(points, '1h', begin)
    expect(values).toHaveLength(48)
    expect([values[37], values[47]]).toEqual([3, 5])
    expect(values.reduce((sum, value) => sum + value, 0)).toBe(8)
  })
})

describe('rate', () => {
  it.each([
    [0, '0'],
    [0.001, '<0.01'],
    [0.25, '0.25'],
    [0.5, '0.5'],
    [1, '1'],
    [3.44, '3.4'],
    [12.3, '12'],
    [14_600, '14.6K'],
  ])('%d is %s', (n, text) => expect(rate(n)).toBe(text))
})
