import { describe, expect, it } from 'vitest'
import { looksLikeTarget, stepMeaning } from './words'

describe('looksLikeTarget', () => {
  it.each(['203.0.113.7', '203.0.113.0/24', '2001:db8::1', '2001:db8::/48', '::ffff:192.0.2.1'])(
    'takes %s for a target',
    (text) => expect(looksLikeTarget(text)).toBe(true),
  )
  it.each(['brute force', '203', 'demo: spray', 'a.b.c.d'])('takes %s for words', (text) =>
    expect(looksLikeTarget(text)).toBe(false),
  )
})

it('tells the same word of a block and of a placement apart', () => {
  expect(stepMeaning('expired', true).help).not.toBe(stepMeaning('expired', false).help)
  expect(stepMeaning('asked_again', false).label).toBe('requested again')
  expect(stepMeaning('something_new', false).label).toBe('something new')
})
