import { describe, expect, test } from 'vitest'
import type { Schemas } from '@/api/client'
import { anyFailing, hasState, standingOf } from './standing'

const integration = {
  enabled: true,
  paused: false,
  voided: [] as string[],
  disabled_reason: '',
  warnings: [] as Schemas['Warning'][],
}
const counts = { waiting: 0, parked: 0, behind: 0 } as Schemas['Counts']
const stats = { state: 'attached', breaker: 'closed', counts } as Schemas['IntegrationStats']
const responder = { enabled: true, ready: true, error: '', warnings: [] as string[] }

describe('standingOf', () => {
  test.each([
    ['all is well', {}, {}, 'working', 'good'],
    ['disabled by a person', { enabled: false }, {}, 'disabled', 'calm'],
    ['disabled by the hub', { enabled: false, disabled_reason: '410' }, {}, 'disabled', 'bad'],
    ['a secret was given up', { voided: ['token'], paused: true }, {}, 'needs a secret', 'warn'],
    ['held for credentials', {}, { hold: 'credentials' }, 'needs a secret', 'warn'],
    ['paused, whatever its breaker', { paused: true }, { breaker: 'open' }, 'paused', 'warn'],
    ['its breaker is open', {}, { breaker: 'open', last_error: '503' }, 'failing', 'bad'],
    [
      'the last attempt failed, and something waits',
      {},
      {
        counts: { ...counts, parked: 1 },
        last_error_at: '2026-01-01T00:00:02Z',
        last_success_at: '2026-01-01T00:00:01Z',
      },
      'retrying',
      'warn',
    ],
    [
      'it failed before it succeeded',
      {},
      {
        counts: { ...counts, parked: 1 },
        last_error_at: '2026-01-01T00:00:01Z',
        last_success_at: '2026-01-01T00:00:02Z',
      },
      'working',
      'good',
    ],
    [
      'the last attempt was refused for good',
      {},
      { counts, last_error_at: '2026-01-01T00:00:02Z', last_success_at: '2026-01-01T00:00:01Z' },
      'refusing',
      'bad',
    ],
    ['no types', { warnings: [{ field: 'subscription.types', message: '' }] }, {}, 'sends nothing', 'warn'],
    ['behind', {}, { state: 'catching_up' }, 'catching up', 'busy'],
  ] as [string, object, object, string, string][])('%s', (_, change, known, word, tone) => {
    expect(standingOf({ ...integration, ...change }, { ...stats, ...known })).toMatchObject({ word, tone })
  })

  test.each([
    ['that works', {}, 'working'],
    ['that fails', { error: 'refused' }, 'failing'],
    ['that warns', { warnings: ['no effect'] }, 'warning'],
  ])('a responder %s', (_, change, word) => {
    expect(standingOf(integration, undefined, { ...responder, ...change }).word).toBe(word)
  })
})

test.each([
  ['failing', 'failing', true],
  ['refusing', 'failing', false],
  ['failing', anyFailing, true],
  ['retrying', anyFailing, true],
  ['refusing', anyFailing, true],
  ['paused', anyFailing, false],
  ['working', anyFailing, false],
] as const)('%s is asked for by %s: %s', (word, state, want) => expect(hasState({ word }, state)).toBe(want))
