import type { Schemas } from '@/api/client'

/** Step is one step of a window; point is undefined where the hub was not up. */
export interface Step {
  /** at is when it began, in seconds. */
  at: number
  point: Schemas['PulsePoint'] | undefined
}

/** mostSteps bounds how many steps are drawn; a window has at most 360. */
const mostSteps = 1_000

/** stepsOf gives all steps of a pulse's window, so that a chart is as long as the window whatever is known of it. */
export function stepsOf(
  pulse: Pick<Schemas['Pulse'], 'from' | 'step_seconds' | 'points'>,
  now: number,
): Step[] {
  const first = Date.parse(pulse.from) / 1_000
  const step = pulse.step_seconds
  if (!Number.isFinite(first) || step <= 0) return []
  const points = new Map(
    pulse.points.map((point) => [Math.round((Date.parse(point.at) / 1_000 - first) / step), point]),
  )
  // The step that has only begun may have no point yet: it is shown once it has one.
  const last = Math.max(Math.floor((now / 1_000 - first) / step) - 1, ...points.keys())
  return Array.from({ length: Math.min(last + 1, mostSteps) }, (_, i) => ({
    at: first + i * step,
    point: points.get(i),
  }))
}
