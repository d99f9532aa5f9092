import type { Schemas } from '@/api/client'
import { full } from '@/text/number'

/** Counts are what became of events, at an integration or in sum. */
export type Counts = Omit<Schemas['Counts'], 'behind' | 'where_failed'>

/** ends are where a matched event can be, in the order of the ledger. */
export const ends = [
  'delivered',
  'waiting',
  'parked',
  'mailbox',
  'discarded',
  'expired',
  'skipped',
  'lost',
] as const

export type End = (typeof ends)[number]

/** endMeanings say what became of an event that ended so. */
export const endMeanings: Record<End, string> = {
  delivered: 'the receiver has it',
  waiting: 'on its way',
  parked: 'waits for its next attempt',
  mailbox: 'failed for good; can be replayed',
  discarded: 'given up by a person, or because its integration was disabled',
  expired: 'too old before it could be delivered',
  skipped: 'left out on purpose: its integration was disabled, or noise control held it back',
  lost: 'damaged on disk; must be 0',
}

const names = ['journalled', 'matched', 'filtered', ...ends] as const

/** sumOf adds the counts of integrations up. */
export function sumOf(list: readonly Counts[]): Counts {
  const sum = Object.fromEntries(names.map((name) => [name, 0])) as unknown as Counts
  for (const counts of list) for (const name of names) sum[name] += counts[name]
  return sum
}

/** differences say, in words, which sums do not hold; none if all do. */
export function differences(counts: Counts): string[] {
  const found: string[] = []
  const compare = (what: string, whole: number, parts: string, sum: number) => {
    if (whole === sum) return
    const by = full(Math.abs(whole - sum))
    found.push(
      `${what} is ${full(whole)}, but ${parts} is ${full(sum)}: ${by} ${whole > sum ? 'too few' : 'too many'}`,
    )
  }
  compare('journalled', counts.journalled, 'matched + filtered', counts.matched + counts.filtered)
  compare(
    'matched',
    counts.matched,
    ends.join(' + '),
    ends.reduce((sum, end) => sum + counts[end], 0),
  )
  return found
}

/** Verdict says whether anything was lost. */
export interface Verdict {
  good: boolean
  title: string
  /** faults are the integrations whose counts do not add up or that lost something, and why. */
  faults: { integration: string; name: string; why: string[] }[]
}

/** verdictOf judges the ledger by the hub's own sums and by ours. */
export function verdictOf(stats: Schemas['Stats']): Verdict {
  const faults = stats.integrations
    .map((each) => ({ integration: each.integration, name: each.name, why: faultsOf(each) }))
    .filter(({ why }) => why.length > 0)
  if (faults.length > 0) {
    const [one] = faults
    return {
      good: false,
      title:
        faults.length === 1
          ? `“${one?.name}” does not add up`
          : `${faults.length} integrations do not add up`,
      faults,
    }
  }
  return { good: true, title: 'Everything adds up', faults }
}

function faultsOf({ counts, adds_up, name }: Schemas['IntegrationStats']): string[] {
  const why = differences(counts)
  if (counts.lost > 0) why.push(`${full(counts.lost)} lost by damage on disk`)
  if (!adds_up && why.length === 0) why.push(`the counts of ${name}’s fallback or backfills differ`)
  return why
}
