import { describe, expect, it } from 'vitest'
import { changesOf, nameOf, subjectOf } from './act'

describe('what changed', () => {
  it.each([
    [{}, []],
    [
      { before: { name: 'a', url: 'x' }, after: { name: 'b', enabled: true } },
      [
        { field: 'enabled', before: undefined, after: true },
        { field: 'name', before: 'a', after: 'b' },
        { field: 'url', before: 'x', after: undefined },
      ],
    ],
    [{ after: { ids: [1] } }, [{ field: 'ids', before: undefined, after: [1] }]],
    [{ before: 'text', after: {} }, undefined],
    [{ after: [1] }, undefined],
  ])('%j', (act, changes) => expect(changesOf(act)).toEqual(changes))
})

describe('who acted', () => {
  it.each([
    [{ kind: 'user', name: 'ana@example.com', id: 'usr_1' }, 'ana@example.com'],
    [{ kind: 'key', id: 'key_1' }, 'key_1'],
    [{ kind: 'system' }, 'the hub itself'],
    [{ kind: 'system', name: 'audit pruning' }, 'audit pruning'],
    [{ kind: 'local' }, 'a user at the command line'],
  ])('%j', (actor, name) => expect(nameOf(actor)).toBe(name))
})

describe('what was acted on', () => {
  it.each([
    [{ action: 'silence.create', after: { reason: 'Maintenance' } }, 'Maintenance'],
    [{ action: 'incident_rule.delete', before: { name: 'Scans' } }, 'Scans'],
    [{ action: 'incident_rule.update', before: { name: 'Old' }, after: { name: 'New' } }, 'New'],
    [{ action: 'incident.create', after: { title: 'Stolen account' } }, 'Stolen account'],
    [{ action: 'never_block.create', after: { target: '10.0.0.0/8', reason: '' } }, '10.0.0.0/8'],
    [{ action: 'block.remove', after: { targets: ['203.0.113.7/32'] } }, '203.0.113.7/32'],
    [
      { action: 'block.remove', after: { targets: ['203.0.113.7/32', '203.0.113.8/32'] } },
      '203.0.113.7/32 and more',
    ],
    [{ action: 'mailbox.replay', after: { ids: ['dlv_1'] } }, '1 delivery'],
    [{ action: 'mailbox.discard', after: { filter: {} } }, 'all that match a filter'],
    [{ action: 'audit.verify' }, undefined],
    [{ action: 'x.y', after: { name: 7 } }, undefined],
  ])('%j', (act, name) => expect(subjectOf(act)).toBe(name))
})
