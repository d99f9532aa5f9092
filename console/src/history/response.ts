import type { Schemas } from '@/api/client'
import type { HistoryLine } from './words'
import { movedAlerts } from './words'

type Block = Schemas['Block']

/** decided are the ends of a block that somebody decided, rather than the time. */
const decided = ['removed', 'rejected']

const who = (actor: Schemas['BlockActor'] | undefined): string | undefined => actor?.name || actor?.id

/** blockLines are the lines of a history that a block makes: that it was asked for, when it began, and how it ended. */
export function blockLines(block: Block): HistoryLine[] {
  const about = { text: block.target, path: `/blocks/${block.id}` }
  const id = (what: string) => `${block.id} ${what}`
  const lines: HistoryLine[] = []
  const { created_at: asked, active_at: began, ended_at: ended } = block
  const atOnce = began !== undefined && began === asked
  const by = who(block.requester)
  if (asked && !atOnce) lines.push({ id: id('ask'), at: asked, verb: 'ask', by, about, note: block.reason })
  if (began)
    lines.push({
      id: id('block'),
      at: began,
      verb: 'block',
      about,
      ...(atOnce ? { by, note: block.reason } : {}),
    })
  if (ended)
    lines.push({
      id: id('end'),
      at: ended,
      verb: block.state,
      about,
      ...(decided.includes(block.state) ? { by: who(block.decider) } : {}),
      note: block.cause,
    })
  return lines
}

/** putLine is the line of a history that says when an alert came under the incident that it is under, by the incident's timeline. */
export function putLine(
  alert: string,
  number: string,
  timeline: readonly Schemas['IncidentLine'][],
): HistoryLine | undefined {
  const line = timeline.findLast((each) => movedAlerts(each).came.includes(alert))
  if (!line) return undefined
  const { at, by, via } = line
  return {
    id: `${number} put`,
    at,
    verb: 'put',
    by,
    via,
    about: { text: number, path: `/incidents/${number}` },
  }
}
