import { describe, expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { linesOf, rate, sparkOf } from './lines'

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

describe('linesOf', () => {
  it('gives rates per second, and a gap where the hub was not up', () => {
    const lines = linesOf(pulse([point(-1_000, 20), point(-980, 5)]), begin - 970_001)
    expect(lines.times).toHaveLength(61)
    expect(lines.received.slice(-3)).toEqual([2, null, 0.5])
    expect(lines.received[0]).toBeNull()
  })

  it('counts of the step that goes on only what is over of it', () => {
    const lines = linesOf(pulse([point(0, 8, { partial: true })]), begin + 4_000)
    expect(lines.received.at(-1)).toBe(2)
  })

  it('leaves out a step that has only just begun', () => {
    const lines = linesOf(pulse([point(-10, 10), point(0, 8, { partial: true })]), begin + 1_000)
    expect(lines.received.at(-1)).toBe(1)
    expect(lines.times.at(-1)).toBe(begin / 1_000 - 10)
  })

  it('never goes back behind the window', () => {
    const lines = linesOf(pulse([point(-20, 1), point(-10, 1)], -20), begin - 1)
    expect(lines.times).toEqual([begin / 1_000 - 20, begin / 1_000 - 10])
  })

  it('keeps its lines equally long, and times growing', () => {
    const { times, ...rest } = linesOf(pulse([point(-600, 1), point(-30, 1)]), begin)
    for (const line of Object.values(rest)) expect(line).toHaveLength(times.length)
    expect([...times].sort((a, b) => a - b)).toEqual(times)
  })
})

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
