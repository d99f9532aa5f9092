import { expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import type { Status } from '@/delivery/words'
import { probes } from './probes'

type Outcome = Schemas['Attempt']['outcome']

const history = (...list: [number, Outcome][]): Schemas['Attempt'][] =>
  list.map(([number, outcome]) => ({
    number,
    outcome,
    at: '2026-01-01T00:00:00Z',
    batched: 1,
    latency_ms: 1,
  }))

it.each<[string, Status, number, [number, Outcome][], number[]]>([
  ['nothing', 'waiting', 0, [], []],
  [
    'attempts that count',
    'parked',
    2,
    [
      [1, 'retry'],
      [2, 'retry'],
    ],
    [],
  ],
  [
    'probes after two that count',
    'parked',
    2,
    [
      [1, 'retry'],
      [2, 'retry'],
      [3, 'retry'],
      [3, 'retry'],
    ],
    [2, 3],
  ],
  [
    'a single probe',
    'parked',
    1,
    [
      [1, 'retry'],
      [2, 'retry'],
    ],
    [1],
  ],
  [
    'probes before it arrived',
    'delivered',
    2,
    [
      [1, 'retry'],
      [2, 'retry'],
      [2, 'retry'],
      [2, 'delivered'],
    ],
    [1, 2],
  ],
  [
    'probes before it failed for good',
    'mailbox',
    2,
    [
      [1, 'retry'],
      [2, 'retry'],
      [2, 'mailbox'],
    ],
    [1],
  ],
  [
    'probes of one that was never parked',
    'waiting',
    0,
    [
      [1, 'retry'],
      [1, 'retry'],
    ],
    [0, 1],
  ],
  [
    'a batch that is sent again in its place',
    'waiting',
    0,
    [
      [1, 'retry'],
      [2, 'retry'],
    ],
    [],
  ],
  ['one that was discarded after a try', 'discarded', 1, [[1, 'retry']], []],
])('%s', (_, status, attempts, list, want) =>
  expect([...probes(history(...list), { status, attempts })]).toEqual(want),
)
