import { describe, expect, it } from 'vitest'
import { fullnessOf, healthOf, prefixWords } from './ranges'

describe('prefixWords', () => {
  it.each([
    [[], 'none'],
    [[32], '/32'],
    [[16, 24, 32], '/16, /24, /32'],
    [[10, 8, 9, 32, 9], '/8 to /10, /32'],
  ])('%j is %s', (lengths, words) => expect(prefixWords(lengths)).toBe(words))
})

describe('healthOf', () => {
  const fine = { enabled: true, ready: true, warnings: [] }
  it.each([
    [fine, 'fine'],
    [{ ...fine, ready: false }, 'new'],
    [{ ...fine, warnings: ['no web ACL uses the IP set'] }, 'warning'],
    [{ ...fine, warnings: ['w'], error: 'timeout' }, 'failing'],
    [{ ...fine, enabled: false, error: 'timeout' }, 'off'],
  ])('%j is %s', (responder, health) => expect(healthOf(responder)).toBe(health))
})

describe('fullnessOf', () => {
  it.each([
    [{ used: 5, capacity: 1000 }, 'good', 'less than 1 % full'],
    [{ used: 800, capacity: 1000 }, 'warn', '80 % full'],
    [{ used: 10, capacity: 1000, share: 0.9 }, 'warn', '90 % full'],
    [{ used: 1200, capacity: 1000 }, 'bad', '100 % full'],
    [{ used: 0, capacity: 10 }, 'good', '0 % full'],
  ] as const)('%j is %s', (responder, tone, words) => {
    expect(fullnessOf(responder, 0.8)).toMatchObject({ tone, words })
  })
  it('is unknown without a capacity', () => expect(fullnessOf({ used: 5 }, 0.8)).toBeUndefined())
})
