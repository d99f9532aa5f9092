import { describe, expect, it } from 'vitest'
import { filterOf, passes, typeMeant } from './filter'

describe('filterOf', () => {
  it.each([
    [
      { type: 'alert.*', severity: 'high', other: 'x' },
      { type: 'alert.*', severity: 'high' },
    ],
    [{ type: '', severity: 'worst', since: 'yesterday', project: 7 }, {}],
    [{ type: 'a'.repeat(201) }, {}],
    [{ since: '2026-11-22T10:00:00Z' }, { since: '2026-11-22T10:00:00Z' }],
  ])('of %j is %j', (search, want) => expect(filterOf(search)).toEqual(want))
})

describe('passes', () => {
  const event = { type: 'alert.created', severity: 'high', project: 'web' } as const
  it.each([
    [{}, true],
    [{ type: '*' }, true],
    [{ type: 'alert.*' }, true],
    [{ type: 'alert.created' }, true],
    [{ type: 'alert' }, false],
    [{ type: 'ale.*' }, false],
    [{ severity: 'low' as const }, false],
    [{ severity: 'high' as const, project: 'web' }, true],
    [{ project: 'mail' }, false],
    [{ until: '2026-11-22T10:00:00Z' }, false],
  ])('%j: %s', (filter, want) => expect(passes(filter, event)).toBe(want))
})

describe('typeMeant', () => {
  it.each([
    ['', ''],
    ['al', ''],
    [' alert ', 'alert.*'],
    ['alert.', 'alert.*'],
    ['alert.cr', 'alert.cr'],
    ['alert.*', 'alert.*'],
    ['*', '*'],
  ])('of %j is %j', (typed, want) => expect(typeMeant(typed, ['alert.*', 'alert.created'])).toBe(want))
})
