import { describe, expect, it } from 'vitest'
import { readSearch as readAlerts } from '@/pages/alerts/search'
import { readBlocksSearch } from '@/pages/blocks/list/search'
import { onlyKnown } from './onlyKnown'

describe('what a route sees of an address', () => {
  it.each<[what: string, read: (raw: Record<string, unknown>) => object, raw: Record<string, unknown>]>([
    ['a view that there is not', readBlocksSearch, { view: 'anything' }],
    ['a view that is an object’s own', readBlocksSearch, { view: 'constructor' }],
    ['a span that there is not', readBlocksSearch, { since: '99y' }],
    ['a status that there is not', readAlerts, { status: 'bogus' }],
    ['a name that nobody knows', readAlerts, { utm_source: 'mail', __proto__x: 1 }],
  ])('%s is not there', (_, read, raw) => {
    // As the router does it.
    const seen: Record<string, unknown> = { ...raw, ...onlyKnown(read)(raw) }
    expect(Object.values(seen).filter((value) => value !== undefined)).toEqual([])
  })

  it('what it knows is there', () => {
    const raw = { view: 'ended', q: 'x', more: 'y' }
    expect({ ...raw, ...onlyKnown(readBlocksSearch)(raw) }).toEqual({
      view: 'ended',
      q: 'x',
      more: undefined,
    })
  })
})
