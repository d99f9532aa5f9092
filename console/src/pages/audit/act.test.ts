import { describe, expect, it } from 'vitest'
import { changesOf, nameOf } from './act'

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
    [{ kind: 'local' }, 'somebody at the command line'],
  ])('%j', (actor, name) => expect(nameOf(actor)).toBe(name))
})
