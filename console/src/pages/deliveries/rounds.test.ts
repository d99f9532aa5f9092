import { describe, expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { attemptName, rounds } from './rounds'

type Outcome = Schemas['Attempt']['outcome']

const history = (...attempts: [number, Outcome][]) =>
  attempts.map(([number, outcome]) => ({ number, outcome })) as Schemas['Attempt'][]

describe('the replays of a delivery', () => {
  it.each<[string, Schemas['Attempt'][], string[]]>([
    ['none', history([1, 'retry'], [2, 'delivered']), ['Attempt 1', 'Attempt 2']],
    ['probes have one number', history([1, 'retry'], [1, 'retry']), ['Attempt 1', 'Attempt 1']],
    ['one', history([1, 'mailbox'], [1, 'delivered']), ['Attempt 1', 'Replay 1, attempt 1']],
    [
      'two',
      history([1, 'retry'], [2, 'mailbox'], [1, 'mailbox'], [1, 'retry'], [2, 'delivered']),
      ['Attempt 1', 'Attempt 2', 'Replay 1, attempt 1', 'Replay 2, attempt 1', 'Replay 2, attempt 2'],
    ],
  ])('%s', (_, attempts, want) =>
    expect(rounds(attempts).map((round, i) => attemptName(attempts[i]?.number ?? 0, round))).toEqual(want),
  )
})
