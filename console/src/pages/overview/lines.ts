import type { Schemas } from '@/api/client'
import type { PulseWindow } from './window'

type Figures = (number | null)[]

/** Lines are the pulse as charts draw it: figures by time, null where the hub was not up or nothing was measured. */
export interface Lines {
  /** times are when steps began, in seconds since 1970. */
  times: number[]
  /** received and delivered are per second. */
  received: Figures
  delivered: Figures
  /** failed and retried are per minute: they are few. */
  failed: Figures
  retried: Figures
  backlog: Figures
  mailbox: Figures
  p50: Figures
  p99: Figures
}

/** fewestSteps is how many steps the charts show even of a hub that has only just begun. */
const fewestSteps = 60
/** shortestPart is how much of a step must be over before its sums say something about a second, as a share of it. */
const shortestPart = 0.25

/** linesOf lays the pulse out on an even grid of time, from the window's begin (or when the hub's memory begins) to now. */
export function linesOf(pulse: Schemas['Pulse'], now: number): Lines {
  const step = pulse.step_seconds
  const points = new Map(
    pulse.points.map((point) => [Math.floor(Date.parse(point.at) / 1_000 / step), point]),
  )
  const end = Math.max(Math.floor(now / 1_000 / step), ...points.keys())
  const oldest = Math.min(end, ...points.keys())
  const begin = Math.max(
    Math.ceil(Date.parse(pulse.from) / 1_000 / step),
    Math.min(oldest, end - fewestSteps),
  )
  const lines: Lines = {
    times: [],
    received: [],
    delivered: [],
    failed: [],
    retried: [],
    backlog: [],
    mailbox: [],
    p50: [],
    p99: [],
  }
  for (let at = begin; at <= end; at++) {
    const point = points.get(at)
    const seconds = point ? lasted(point, at * step, step, now) : 0
    // A step that has only just begun says nothing yet.
    if (at === end && seconds === 0 && at > begin) break
    const per = (unit: number) => (n: number | undefined) =>
      n === undefined || seconds === 0 ? null : (n * unit) / seconds
    const [perSecond, perMinute] = [per(1), per(60)]
    lines.times.push(at * step)
    lines.received.push(perSecond(point?.received))
    lines.delivered.push(perSecond(point?.delivered))
    lines.failed.push(perMinute(point?.failed))
    lines.retried.push(perMinute(point?.retried))
    lines.backlog.push(point?.backlog ?? null)
    lines.mailbox.push(point?.mailbox ?? null)
    lines.p50.push(point?.p50_ms ?? null)
    lines.p99.push(point?.p99_ms ?? null)
  }
  return lines
}

/** lasted is how many seconds of a step a point counts; 0 if too few to say something. */
function lasted(point: Schemas['PulsePoint'], from: number, step: number, now: number): number {
  if (!point.partial) return step
  const seconds = Math.min(step, now / 1_000 - from)
  return seconds >= step * shortestPart ? seconds : 0
}

/** sparkSteps is how many steps an integration's line has (the hub gives at most as many). */
const sparkSteps = 48
const windowSeconds: Record<PulseWindow, number> = { '1h': 3_600, '24h': 86_400, '7d': 604_800 }

/** sparkOf is what an integration got in each step of the window; none where the hub was not up. */
export function sparkOf(
  points: readonly Schemas['SparkPoint'][],
  window: PulseWindow,
  now: number,
): number[] {
  const values = Array.from({ length: sparkSteps }, () => 0)
  const step = (windowSeconds[window] * 1_000) / sparkSteps
  for (const { at, delivered } of points) {
    const back = Math.floor((now - Date.parse(at)) / step)
    const place = sparkSteps - 1 - Math.max(0, back)
    if (place >= 0) values[place] = (values[place] ?? 0) + delivered
  }
  return values
}

/** rate is a number per second for people: 0, 0.4, 12, 1.2K. */
export function rate(n: number): string {
  if (n === 0) return '0'
  if (n < 0.01) return '<0.01'
  if (n < 1) return String(Number(n.toFixed(2)))
  if (n < 10) return String(Number(n.toFixed(1)))
  return n < 1_000 ? String(Math.round(n)) : `${(n / 1_000).toFixed(1)}K`
}
