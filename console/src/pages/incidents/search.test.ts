import { describe, expect, it } from 'vitest'
import { isFiltered, queryOf, rangeOf, readSearch, withRange } from './search'

describe('the address of the list of incidents', () => {
  it.each([
    [{ status: 'closed', foo: 1 }, { status: 'closed' }],
    [
      { severity: ['high', 'critical'], q: 7 },
      { severity: 'high,critical', q: '7' },
    ],
    [{ q: {}, owner: '', since: 'lately' }, {}],
  ])('%j is read as %j', (raw, search) => expect(readSearch(raw)).toEqual(search))

  it.each([
    [{}, { status: 'new,active' }],
    [{ status: 'all', q: 'x' }, { q: 'x' }],
    [{ status: 'closed' }, { status: 'closed' }],
  ])('%j asks for %j', (search, query) => expect(queryOf(search)).toEqual(query))

  it.each([
    [{}, {}],
    [{ timespan: 'P7D' }, { last: '7d' }],
    [{ timespan: 'P3D' }, { last: 'P3D' }],
    [{ since: '2026-11-22T10:00:00Z' }, { since: '2026-11-22T10:00:00Z' }],
  ])('%j is of a time, and comes back the same', (search, range) => {
    expect(rangeOf(search)).toEqual(range)
    expect(withRange(rangeOf(search))).toEqual(search)
  })

  it('is filtered by anything', () => {
    expect(isFiltered({})).toBe(false)
    expect(isFiltered({ status: 'all' })).toBe(true)
  })
})
