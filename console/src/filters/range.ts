import dayjs from 'dayjs'

/** Range is a span of time, each end as RFC 3339 text; an end that is not there is open. */
export interface Range {
  since?: string
  until?: string
  /** last is a span that moves on with the clock, as spans name it: "24h". It stands instead of both ends. */
  last?: string
}

/** spans are what is asked for most, by their word in an address, in hours before now. */
export const spans: { last: string; label: string; hours: number }[] = [
  { last: '1h', label: 'Last hour', hours: 1 },
  { last: '24h', label: 'Last 24 hours', hours: 24 },
  { last: '7d', label: 'Last 7 days', hours: 7 * 24 },
  { last: '30d', label: 'Last 30 days', hours: 30 * 24 },
]

/** spanOf is the span that an address names; undefined when there is none of that name. */
export const spanOf = (last: unknown) => spans.find((span) => span.last === last)

/** sinceHours is the span that began so many hours before now. */
export const sinceHours = (hours: number, now: number): Range => ({
  since: new Date(now - hours * 3_600_000).toISOString(),
})

const say = (time: string): string => dayjs(time).format('D MMM, HH:mm')

/** rangeInWords says a span in few words, in the reader's zone. */
export function rangeInWords({ since, until, last }: Range): string {
  if (last) return spanOf(last)?.label ?? `Last ${last}`
  if (since && until) return `${say(since)} – ${say(until)}`
  if (since) return `Since ${say(since)}`
  if (until) return `Until ${say(until)}`
  return 'Any time'
}

/** timeOf reads a time of an address; undefined for what is none. */
export function timeOf(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : text
}
