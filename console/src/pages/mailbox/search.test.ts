import { describe, expect, it } from 'vitest'
import { filterOf, narrowed, readSearch, showsList } from './search'

const clean = (raw: Record<string, unknown>) => JSON.parse(JSON.stringify(readSearch(raw)))

describe('an address of the mailbox', () => {
  it.each([
    [{}, {}],
    [{ status: 'mailbox' }, {}],
    [{ status: 'discarded' }, { status: 'discarded' }],
    [{ status: 'delivered', list: 'true' }, {}],
    [
      { list: true, cause: 'no', after: 'never' },
      { list: true, cause: 'no' },
    ],
    [{ integration: 7, type: '' }, {}],
    [{ cause: 'x'.repeat(4097) }, {}],
  ])('%j', (raw, search) => expect(clean(raw)).toEqual(search))
})

it('gives the hub a list of statuses, and nothing that is not set', () => {
  expect(filterOf(readSearch({}))).toEqual({})
  expect(filterOf(readSearch({ status: 'expired', list: true, type: 'alert.*' }))).toEqual({
    status: ['expired'],
    type: 'alert.*',
  })
})

it('shows deliveries one by one when a cause was chosen', () => {
  expect(showsList(readSearch({}))).toBe(false)
  expect(showsList(readSearch({ integration: 'int_1' }))).toBe(false)
  expect(showsList(readSearch({ cause: 'no' }))).toBe(true)
  expect(narrowed(readSearch({ cause: 'no', status: 'expired', list: true }))).toBe(1)
})
