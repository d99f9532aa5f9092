import type { Schemas } from '@/api/client'
import { delivers } from '@/integration/capabilities'
import { backlog, hasState, type Standing, standingOf } from '@/integration/standing'
import type { ListSearch } from '../search'

/** Line is an integration with all that is known of how it is doing. */
export interface Line {
  integration: Schemas['Integration']
  /** title is the connector's name for people. */
  title: string
  delivers: boolean
  standing: Standing
  backlog: number
  mailbox: number
  lastError: string
  lastErrorAt: string | undefined
  /** values are the deliveries of each step of the last day, lastHour those of the last two. */
  values: number[]
  delivered: number
  lastHour: number
  stats: Schemas['IntegrationStats'] | undefined
  responder: Schemas['Responder'] | undefined
}

/** Known is what was read beside an integration. */
export interface Known {
  connector?: Schemas['Connector']
  stats?: Schemas['IntegrationStats']
  points?: Schemas['SparkPoint'][]
  responder?: Schemas['Responder']
}

/** daySteps is how many steps the day's pulse has, each of half an hour. */
const daySteps = 48
const step = (24 * 3_600_000) / daySteps

/**
 * day gives the deliveries of each step of the last day. A step in which the hub was not up has no point: nothing was
 * delivered then.
 */
export function day(points: Schemas['SparkPoint'][]): number[] {
  const last = points.at(-1)
  if (!last) return []
  const values = new Array<number>(daySteps).fill(0)
  for (const point of points) {
    const back = Math.round((Date.parse(last.at) - Date.parse(point.at)) / step)
    if (back >= 0 && back < daySteps) values[daySteps - 1 - back] = point.delivered
  }
  return values
}

/** stepsAnHour is how many steps of the day's pulse an hour has. */
const stepsAnHour = 2

/** lineOf puts together what is known of an integration. */
export function lineOf(integration: Schemas['Integration'], known: Known): Line {
  const { connector, stats, points = [], responder } = known
  const values = day(points)
  return {
    integration,
    title: connector?.title ?? integration.kind,
    // A kind that this build does not have is shown with what it had.
    delivers: connector ? delivers(connector) : true,
    standing: standingOf(integration, stats, responder),
    backlog: stats ? backlog(stats.counts) : 0,
    mailbox: stats?.counts.mailbox ?? 0,
    lastError: stats?.last_error ?? responder?.error ?? '',
    lastErrorAt: stats?.last_error_at ?? responder?.error_since,
    values,
    delivered: values.reduce((sum, value) => sum + value, 0),
    lastHour: values.slice(-stepsAnHour).reduce((sum, value) => sum + value, 0),
    stats,
    responder,
  }
}

/** chosen are the lines that a search asks for. */
export function chosen(lines: Line[], { q, state, kind }: ListSearch): Line[] {
  const wanted = q?.trim().toLowerCase()
  return lines.filter(
    (line) =>
      (!state || hasState(line.standing, state)) &&
      (!kind || line.integration.kind === kind) &&
      (!wanted ||
        [
          line.integration.name,
          line.title,
          line.integration.kind,
          line.integration.owner,
          line.integration.id,
        ].some((text) => text.toLowerCase().includes(wanted))),
  )
}
