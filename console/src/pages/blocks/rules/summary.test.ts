import { describe, expect, it } from 'vitest'
import { asksFor, looksAt, wouldWords } from './summary'

describe('looksAt', () => {
  it('names what narrows, and counts what is long', () => {
    expect(
      looksAt({
        types: ['alert.created'],
        min_severity: 'high',
        alert_types: ['a', 'b', 'c', 'd', 'e'],
        where: 'event.risk > 80',
      }),
    ).toBe('alert.created · high or worse · a, b, c and 2 more · where an expression holds')
  })
  it('says that nothing is chosen', () => expect(looksAt({})).toBe('no events'))
})

it('says what is asked for', () => {
  expect(asksFor({ entity_role: '', ttl: '4h', max_per_hour: 1 })).toBe(
    'the observed source address, for 4 hours, at most 1 block an hour',
  )
})

it.each([
  [{ would_block: 0, would_ask: 0, would_refuse: 0 }, 'It has found nothing to block.'],
  [{ would_block: 1, would_ask: 0, would_refuse: 0 }, 'It would have blocked 1 address.'],
  [
    { would_block: 3, would_ask: 2, would_refuse: 1 },
    'It would have blocked 3 addresses, asked for approval of 2 and been refused 1.',
  ],
])('%j', (tally, words) => expect(wouldWords(tally)).toBe(words))
