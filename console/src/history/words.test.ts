import { describe, expect, it } from 'vitest'
import { changesOf, movedAlerts, verbLabel, viaLabel } from './words'

describe('a line of a history', () => {
  it('tells what changed, but not of a creation', () => {
    const changed = { status: ['open', 'resolved'], alerts: ['', 'alr_1'] }
    expect(changesOf({ at: '', verb: 'resolve', changed })).toEqual([
      { field: 'status', before: 'open', after: 'resolved' },
    ])
    expect(changesOf({ at: '', verb: 'create', changed })).toEqual([])
  })
  it('tells which alerts came and left', () => {
    expect(movedAlerts({ at: '', verb: 'update', changed: { alerts: ['alr_1', 'alr_2 alr_3'] } })).toEqual({
      left: ['alr_1'],
      came: ['alr_2', 'alr_3'],
    })
  })
  it.each([
    ['api', undefined, 'the API'],
    ['int_1', 'Jira', 'Jira'],
    ['example/idp', undefined, 'example/idp'],
  ])('through %s', (via, name, wanted) => expect(viaLabel(via, name)).toBe(wanted))
  it('keeps a word that is not known', () => expect(verbLabel('dance')).toBe('dance'))
})
