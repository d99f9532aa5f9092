import { expect, test } from 'vitest'
import type { Schemas } from '@/api/client'
import { stepsOf } from './steps'

const point = (at: string) => ({ at, delivered: 1 }) as Schemas['PulsePoint']

test('stepsOf is as long as the window, with gaps where the hub was not up', () => {
  const steps = stepsOf(
    { from: '2026-11-22T00:00:00Z', step_seconds: 10, points: [point('2026-11-22T00:00:20Z')] },
    Date.parse('2026-11-22T00:00:55Z'),
  )
  expect(steps.map((step) => step.point?.delivered)).toEqual([undefined, undefined, 1, undefined, undefined])
  expect((steps[1]?.at ?? 0) - (steps[0]?.at ?? 0)).toBe(10)
})

test('stepsOf draws nothing of a window that is none', () => {
  expect(stepsOf({ from: 'never', step_seconds: 10, points: [] }, 0)).toEqual([])
  expect(stepsOf({ from: '2026-11-22T00:00:00Z', step_seconds: 0, points: [] }, Date.now())).toEqual([])
})
