import { describe, expect, it } from 'vitest'
import {
  type About,
  type Draft,
  fieldOf,
  inWords,
  type Matcher,
  newDraft,
  type Row,
  silenceOf,
  waitsFor,
} from './draft'

const now = Date.parse('2026-01-01T12:00:00Z')
const row = (part: Partial<Row>): Row => ({ key: 'k', field: 'rule', op: '=', name: '', value: '', ...part })
const draft = (part: Partial<Draft>): Draft => ({ ...newDraft(), ...part })

describe('what is sent of the form', () => {
  it.each([
    [draft({}), { ends_at: '2026-01-01T14:00:00.000Z' }],
    [
      draft({
        matchers: [
          row({ value: '' }),
          row({ field: 'label', name: 'env', value: ' test ' }),
          row({ field: 'severity', op: 'one_of', value: 'low, info,' }),
        ],
        minutes: '60',
        reason: 'Maintenance',
      }),
      {
        ends_at: '2026-01-01T13:00:00.000Z',
        reason: 'Maintenance',
        matchers: [
          { field: 'label', op: '=', name: 'env', value: 'test' },
          { field: 'severity', op: 'one_of', values: ['low', 'info'] },
        ],
      },
    ],
    [
      draft({
        from: '2026-01-02T00:00:00Z',
        minutes: 'until',
        until: '2026-01-03T00:00:00Z',
        where: ' true ',
      }),
      {
        starts_at: '2026-01-02T00:00:00.000Z',
        ends_at: '2026-01-03T00:00:00.000Z',
        where: 'true',
      },
    ],
  ])('%#', (of, wanted) => expect(silenceOf(of, now)).toEqual(wanted))
})

it.each([
  ['silence.where', 'where'],
  ['ends_at', 'minutes'],
  ['matchers.0.value', 'matchers.1.value'],
  ['matchers.0', 'matchers.1.value'],
  ['matchers.0.name', 'matchers.1.name'],
])('%s is shown at %s', (field, wanted) =>
  expect(fieldOf([row({ value: '' }), row({ value: 'x' })], field)).toBe(wanted),
)

it.each([
  [{ field: 'rule', value: 'ssh' } as const, 'rule is ssh'],
  [{ field: 'label', op: '!=', name: 'env', value: 'prod' } as const, 'label env is not prod'],
  [{ field: 'severity', op: 'one_of', values: ['low', 'info'] } as const, 'severity is one of low, info'],
])('%j in words', (matcher, words) => expect(inWords(matcher as Matcher)).toBe(words))

describe('what a new silence begins with', () => {
  const inShort = (about: About) => newDraft(about).matchers.map(({ field, value }) => [field, value])
  it('is an empty condition', () => expect(inShort({})).toEqual([['rule', '']]))
  it('is what the address says', () =>
    expect(inShort({ project: 'shop', dedup_key: 'alice:door' })).toEqual([
      ['dedup_key', 'alice:door'],
      ['project', 'shop'],
    ]))
})

describe('what a silence waits for', () => {
  it.each([
    [{}, /what it is about/],
    [{ where: 'true' }, undefined],
    [{ where: 'true', minutes: 'until' }, /until when/],
    [{ where: 'true', minutes: 'until', until: '2026-11-22 12:00' }, undefined],
  ])('%j', (part, wanted) => {
    const said = waitsFor({ ...newDraft(), ...part })
    if (wanted) expect(said).toMatch(wanted)
    else expect(said).toBeUndefined()
  })
})
