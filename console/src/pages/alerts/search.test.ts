import { describe, expect, it } from 'vitest'
import { filterOf, isFiltered, readSearch, toggled, without } from './search'

const now = Date.parse('2026-01-02T00:00:00Z')

describe('the address of the queue', () => {
  it.each([
    [
      { status: 'open', severity: 'critical,high' },
      { status: 'open', severity: 'critical,high' },
    ],
    [{ q: 'failed logins' }, { q: 'failed logins' }],
    [{ q: 4625 }, { q: '4625' }],
    [{ severity: ['critical', 'high'] }, { severity: 'critical,high' }],
    [
      { sort: 'risk', time: '7d' },
      { sort: 'risk', time: '7d' },
    ],
    [{ sort: 'last_seen', time: 'ever', foo: 'bar', q: {} }, {}],
  ])('%j is read as %j', (raw, search) => expect(readSearch(raw)).toEqual(search))

  it.each([
    [{}, { status: ['open', 'acknowledged'] }],
    [{ status: 'all' }, {}],
    [
      { status: 'resolved', country: 'NL,none' },
      { status: ['resolved'], country: ['NL', 'none'] },
    ],
    [{ time: '24h' }, { status: ['open', 'acknowledged'], since: '2026-01-01T00:00:00.000Z' }],
  ])('%j asks for %j', (search, filter) => expect(filterOf(search, now)).toEqual(filter))

  it.each([
    [{}, 'status', 'resolved', { status: 'all' }],
    [{}, 'status', 'acknowledged', { status: 'open' }],
    [{ status: 'open' }, 'status', 'acknowledged', { status: undefined }],
    [{ status: 'open' }, 'status', 'open', { status: 'all' }],
    [{ severity: 'high' }, 'severity', 'low', { severity: 'high,low' }],
    [{ severity: 'high' }, 'severity', 'high', { severity: undefined }],
  ] as const)('%j with %s %s toggled', (search, name, value, next) =>
    expect(toggled(search, name, value)).toEqual(next),
  )

  it('one list of a filter is left out, and the filter stays as it was', () => {
    const filter = { status: ['open' as const], severity: ['high' as const], q: 'x' }
    expect(without(filter, 'severity')).toEqual({ status: ['open'], q: 'x' })
    expect(filter.severity).toEqual(['high'])
  })

  it('the order is no filter', () => {
    expect(isFiltered({ sort: 'risk' })).toBe(false)
    expect(isFiltered({ q: 'x' })).toBe(true)
  })
})
