import { describe, expect, it } from 'vitest'
import { isFiltered, queryOf, readSearch } from './search'

describe('the address of the list of incidents', () => {
  it.each([
    [{ status: 'closed', foo: 1 }, { status: 'closed' }],
    [
      { severity: ['high', 'critical'], q: 7 },
      { severity: 'high,critical', q: '7' },
    ],
    [{ q: {}, owner: '' }, {}],
  ])('%j is read as %j', (raw, search) => expect(readSearch(raw)).toEqual(search))

  it.each([
    [{}, { status: 'new,active' }],
    [{ status: 'all', q: 'x' }, { q: 'x' }],
    [{ status: 'closed' }, { status: 'closed' }],
  ])('%j asks for %j', (search, query) => expect(queryOf(search)).toEqual(query))

  it('is filtered by anything', () => {
    expect(isFiltered({})).toBe(false)
    expect(isFiltered({ status: 'all' })).toBe(true)
  })
})
