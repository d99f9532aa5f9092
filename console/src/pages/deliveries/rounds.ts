import type { Schemas } from '@/api/client'

type Attempt = Schemas['Attempt']

/**
 * rounds says of each attempt of a history, from the oldest on, after how many replays it was made: a replay begins to count
 * attempts anew, after one that was final.
 */
export function rounds(history: readonly Attempt[]): number[] {
  let round = 0
  return history.map(({ number }, i) => {
    const before = history[i - 1]
    if (
      before &&
      number === 1 &&
      (before.outcome === 'mailbox' || before.outcome === 'cancelled' || before.number > 1)
    )
      round++
    return round
  })
}

/** attemptName is what an attempt is called: "Attempt 2", or "Replay 1, attempt 2" after a replay. */
export function attemptName(number: number, round: number): string {
  return round === 0 ? `Attempt ${number}` : `Replay ${round}, attempt ${number}`
}
