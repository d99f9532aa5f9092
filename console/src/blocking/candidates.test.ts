import { describe, expect, it } from 'vitest'
import { candidates, freeFirst, nameOf } from './candidates'

describe('addresses that may be blocked', () => {
  it('are those that a sensor observed, sources first, each once', () => {
    expect(
      candidates([
        { type: 'ip', value: '192.0.2.1', role: 'target', observed: true },
        { type: 'ip', value: '203.0.113.7', role: 'source', observed: true },
        { type: 'ip', value: '203.0.113.7', role: 'source', observed: true },
        { type: 'ip', value: '198.51.100.1', role: 'source' },
        { type: 'user', value: '203.0.113.9', observed: true },
      ]),
    ).toEqual([
      { value: '203.0.113.7', role: 'source' },
      { value: '192.0.2.1', role: 'target' },
    ])
  })
  it('are none of nothing', () => expect(candidates(undefined)).toEqual([]))
})

describe('what is blocked already', () => {
  const all = [
    { value: '203.0.113.7', role: 'source' },
    { value: '192.0.2.1', role: 'target' },
    { value: '192.0.2.2', role: '' },
  ]
  it('comes last, and says so', () =>
    expect(freeFirst(all, (value) => value !== '192.0.2.1').map(nameOf)).toEqual([
      '192.0.2.1 (target)',
      '203.0.113.7 (source, blocked already)',
      '192.0.2.2 (blocked already)',
    ]))
})
