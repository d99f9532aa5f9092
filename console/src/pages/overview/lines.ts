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

/** leastStep is how long a step of the charts is at least, in seconds: in shorter ones, what is rare is a row of teeth. */
const leastStep = 60
/** fewestSteps is how many steps the charts show even of a hub that has only just begun. */
const fewestSteps = 15
/** shortestPart is how much of a step must be over before its sums say something about a second, as a share of it. */
const shortestPart = 0.25

/** linesOf lays the pulse out on an even grid of time, from the window's begin (or when the hub's memory begins) to now. */
export function linesOf(pulse: Schemas['Pulse'], now: number): Lines {
  const step = Math.max(leastStep, pulse.step_seconds)
  const bins = binsOf(pulse, step, now)
  const end = Math.max(Math.floor(now / 1_000 / step), ...bins.keys())
  const oldest = Math.min(end, ...bins.keys())
  const begin = Math.max(
    Math.floor(Date.parse(pulse.from) / 1_000 / step),
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
    const bin = bins.get(at)
    // A step that has only just begun says nothing yet.
    if (at === end && at > begin && (bin?.seconds ?? 0) < step * shortestPart) break
    const last = bin?.points.at(-1)
    lines.times.push(at * step)
    lines.received.push(rateOf(bin, 'received', 1))
    lines.delivered.push(rateOf(bin, 'delivered', 1))
    lines.failed.push(rateOf(bin, 'failed', 60))
    lines.retried.push(rateOf(bin, 'retried', 60))
    lines.backlog.push(last?.backlog ?? null)
    lines.mailbox.push(last?.mailbox ?? null)
    lines.p50.push(middle(bin))
    lines.p99.push(slowest(bin))
  }
  return lines
}

/** Bin is what lies in one step of the charts: points of the pulse, and how many seconds they count. */
interface Bin {
  points: Schemas['PulsePoint'][]
  seconds: number
}

/** binsOf puts the points of the pulse into steps, by their number since 1970. */
function binsOf(pulse: Schemas['Pulse'], step: number, now: number): Map<number, Bin> {
  const bins = new Map<number, Bin>()
  for (const point of pulse.points) {
    const from = Date.parse(point.at) / 1_000
    const at = Math.floor(from / step)
    const bin = bins.get(at) ?? { points: [], seconds: 0 }
    bin.points.push(point)
    bin.seconds += point.partial
      ? Math.min(pulse.step_seconds, Math.max(0, now / 1_000 - from))
      : pulse.step_seconds
    bins.set(at, bin)
  }
  return bins
}

type Sum = 'received' | 'delivered' | 'failed' | 'retried'

/** rateOf is how much of something happened in so many seconds. */
function rateOf(bin: Bin | undefined, what: Sum, seconds: number): number | null {
  if (!bin || bin.seconds === 0) return null
  return (bin.points.reduce((sum, point) => sum + point[what], 0) * seconds) / bin.seconds
}

/** middle is about how long half of a step's deliveries took: the median of its points, each as often as it has deliveries. */
function middle(bin: Bin | undefined): number | null {
  const timed = (bin?.points ?? []).flatMap(({ p50_ms, delivered }) =>
    p50_ms === undefined ? [] : [{ p50_ms, delivered }],
  )
  timed.sort((x, y) => x.p50_ms - y.p50_ms)
  let left = timed.reduce((sum, { delivered }) => sum + delivered, 0) / 2
  for (const { p50_ms, delivered } of timed) {
    left -= delivered
    if (left <= 0) return p50_ms
  }
  return null
}

/** slowest is how long 99 % of a step's deliveries took at most: no longer than in its slowest point. */
function slowest(bin: Bin | undefined): number | null {
  const times = (bin?.points ?? []).flatMap(({ p99_ms }) => p99_ms ?? [])
  return times.length > 0 ? Math.max(...times) : null
}

/** held fills what is not known with what was known last, for lines that have no axes. */
export function held(values: Figures): Figures {
  let last: number | null = null
  return values.map((value) => {
    last = value ?? last
    return last
  })
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
