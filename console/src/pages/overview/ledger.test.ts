import { describe, expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { type Counts, differences, sumOf, verdictOf } from './ledger'

const counts = (more: Partial<Counts> = {}): Counts => ({
  journalled: 10,
  matched: 7,
  filtered: 3,
  delivered: 4,
  waiting: 1,
  parked: 0,
  mailbox: 1,
  discarded: 0,
  expired: 0,
  skipped: 1,
  lost: 0,
  ...more,
})

const stats = (list: { name: string; counts: Counts; adds_up?: boolean }[]) =>
  ({
    integrations: list.map((each) => ({ integration: `int_${each.name}`, adds_up: true, ...each })),
  }) as unknown as Schemas['Stats']

describe('differences', () => {
  it.each<[string, Partial<Counts>, string[]]>([
    ['nothing, when all adds up', {}, []],
    [
      'an event that was neither matched nor filtered',
      { journalled: 11 },
      ['journalled is 11, but matched + filtered is 10: 1 too few'],
    ],
    [
      'one that is counted twice',
      { delivered: 5 },
      [
        'matched is 7, but delivered + waiting + parked + mailbox + discarded + expired + skipped + lost is 8: 1 too many',
      ],
    ],
    ['nothing, when the lost are counted', { delivered: 3, lost: 1 }, []],
  ])('finds %s', (_, more, want) => expect(differences(counts(more))).toEqual(want))
})

describe('the verdict', () => {
  it('is good only if each integration adds up and nothing is lost', () => {
    expect(verdictOf(stats([{ name: 'a', counts: counts() }])).good).toBe(true)
  })

  it.each<[string, { name: string; counts: Counts; adds_up?: boolean }]>([
    ['a difference', { name: 'b', counts: counts({ filtered: 2 }) }],
    ['a loss', { name: 'b', counts: counts({ delivered: 3, lost: 1 }) }],
    ['what the hub itself says', { name: 'b', counts: counts(), adds_up: false }],
  ])('names the integration with %s', (_, bad) => {
    const verdict = verdictOf(stats([{ name: 'a', counts: counts() }, bad]))
    expect(verdict.good).toBe(false)
    expect(verdict.faults.map(({ name }) => name)).toEqual(['b'])
    expect(verdict.faults[0]?.why).not.toEqual([])
  })
})

it('adds integrations up', () => {
  expect(sumOf([counts(), counts({ lost: 2 })])).toMatchObject({ journalled: 20, matched: 14, lost: 2 })
  expect(sumOf([]).journalled).toBe(0)
})
