import { describe, expect, it } from 'vitest'
import { bodyOf, withDefaults } from './list'

describe('bodyOf', () => {
  it.each([
    ['203.0.113.7\n203.0.113.8', 'text/plain'],
    ['203.0.113.7,7d,Scanner', 'text/plain'],
    ['Target,TTL\n203.0.113.7,7d', 'text/csv'],
    ['203.0.113.7,7d,"a, b"', 'text/csv'],
    ['{"items":[]}', 'application/json'],
  ])('%j is %s', (text, type) => expect(bodyOf(text).type).toBe(type))

  it('puts a bare array where the API looks for it', () => {
    expect(JSON.parse(bodyOf(' [{"target":"203.0.113.7"}]').text)).toEqual({
      items: [{ target: '203.0.113.7' }],
    })
  })
})

describe('withDefaults', () => {
  it('fills in what stands alone, and leaves what says more, comments and lines', () => {
    const body = bodyOf('# mine\n203.0.113.7\n203.0.113.8,1h,Own reason\n\n192.0.2.0/24 ; SBL1')
    expect(withDefaults(body, '7d', 'Scan, ner').text).toBe(
      '# mine\n203.0.113.7,7d,Scan, ner\n203.0.113.8,1h,Own reason\n\n192.0.2.0/24,7d,Scan, ner',
    )
  })
  it('does not touch tables', () => {
    const body = bodyOf('target\n203.0.113.7')
    expect(withDefaults(body, '7d', 'x')).toEqual(body)
  })
})
