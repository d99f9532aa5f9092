import { describe, expect, it } from 'vitest'
import { ttlLeft, ttlSeconds, ttlWords } from './duration'

describe('ttlWords', () => {
  it.each([
    ['24h', '24 hours'],
    ['7d', '7 days'],
    ['2160h0m0s', '90 days'],
    ['1h30m', '1 hour 30 minutes'],
    ['90s', '1 minute 30 seconds'],
    ['permanent', 'for good'],
    ['soon', 'soon'],
  ])('says %s as %s', (text, words) => {
    expect(ttlWords(text)).toBe(words)
  })
})

describe('ttlSeconds', () => {
  it.each([
    ['1h', 3_600],
    ['1d12h', 129_600],
    ['permanent', undefined],
    ['h', undefined],
    ['1h!', undefined],
  ])('reads %s', (text, seconds) => {
    expect(ttlSeconds(text)).toBe(seconds)
  })
})

describe('ttlLeft', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  it('is what is left, and never less than the API takes', () => {
    expect(ttlLeft('2026-01-01T02:00:00Z', now)).toBe('7200s')
    expect(ttlLeft('2026-01-01T00:00:05Z', now)).toBe('60s')
  })
  it('is permanent without an end, and nothing when it is over', () => {
    expect(ttlLeft(undefined, now)).toBe('permanent')
    expect(ttlLeft('2025-12-31T23:00:00Z', now)).toBeUndefined()
  })
})
