import { describe, expect, it } from 'vitest'
import { candidates } from './candidates'

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
