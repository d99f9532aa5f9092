import { describe, expect, it } from 'vitest'
import { blocksQuery, countOf, isFiltered, readBlocksSearch } from './search'

const now = Date.parse('2026-01-02T00:00:00Z')

describe('readBlocksSearch', () => {
  it('takes what it knows and leaves the rest', () => {
    expect(readBlocksSearch({ view: 'ended', since: '24h', q: 12, other: 'x', placement: null })).toEqual({
      view: 'ended',
      since: '24h',
      q: '12',
    })
  })
  it('does not take views and times that there are none of', () => {
    expect(readBlocksSearch({ view: 'toString', since: 'ever' })).toEqual({})
  })
})

describe('blocksQuery', () => {
  it('asks for what is open unless told otherwise', () => {
    expect(blocksQuery({}, now)).toEqual({ state: ['open'] })
    expect(blocksQuery({ view: 'all' }, now)).toEqual({})
  })
  it('looks for overlaps of an address, and for words otherwise', () => {
    expect(blocksQuery({ view: 'all', q: ' 203.0.113.0/24 ' }, now)).toEqual({ target: '203.0.113.0/24' })
    expect(blocksQuery({ view: 'all', q: 'brute' }, now)).toEqual({ q: 'brute' })
  })
  it('makes a time of how far back to look', () => {
    expect(blocksQuery({ view: 'all', since: '24h' }, now)).toEqual({ since: '2026-01-01T00:00:00.000Z' })
    expect(blocksQuery({ view: 'all', since: '2025-12-24T18:00:00Z' }, now)).toEqual({
      since: '2025-12-24T18:00:00Z',
    })
  })
})

it('counts each view', () => {
  const counts = { active: 3, pending_approval: 1, removed: 2, expired: 4, rejected: 0, lapsed: 1 }
  expect(countOf('open', counts)).toBe(4)
  expect(countOf('ended', counts)).toBe(7)
  expect(countOf('all', counts)).toBe(11)
  expect(countOf('active', undefined)).toBeUndefined()
})

it('does not call a view or an open dialog a filter', () => {
  expect(isFiltered({ view: 'ended', plan: '192.0.2.1' })).toBe(false)
  expect(isFiltered({ by: 'me' })).toBe(true)
})
